import { expect, it } from 'vitest'
import { linksOf, type NodeShown, roomsOf, stateOf } from './node-facts.ts'

type Report = NonNullable<NodeShown['seen']>['report']

const report = (changes: Partial<Report> = {}): Report => ({
  ...{ name: 'm1', version: '0.1.0', startedAtMs: 0, notReady: null },
  drain: { state: 'none', left: 0, refusal: null },
  ...{ cpuMs: 0, memoryBytes: 0, eventLoopP99Ms: 0, people: 0, roomCount: 0, rooms: [], recorders: 0 },
  ...{ carriedTracks: 0, workers: [], wantedWorkers: 1, mediaOpen: {}, pipes: [], pipePorts: null },
  waiting: { signalBytes: 0, dataBytes: 0 },
  webhooks: { pending: 0, aside: 0 },
  admission: { ordinary: null, kept: null, refusals: [] },
  placements: {},
  voices: { microphones: 0, heard: 0, running: 0, held: 0, changes: 0 },
  cluster: null,
  ...changes,
})
const node = (name: string, changes?: Partial<Report>): NodeShown => ({
  ...{ incarnation: `ND_${name}`, address: `${name}:7881`, name, fault: null },
  seen: { report: report(changes), loads: [] },
})
const silent: NodeShown = { ...node('m3'), seen: null, fault: 'no_link' }
const room = (name: string, people: number, publishers: number) => ({
  ...{ name, people, publishers, recorders: 0, nodes: 0, pipes: 0 },
})
const cluster = (links: NonNullable<Report['cluster']>['links'], isCutOff = false): Report['cluster'] => ({
  ...{ instance: 'ND_m1', address: 'm1:7881', reachesRecord: !isCutOff, isCutOff, links },
  ...{ claims: 0, reservedSeats: 0, storyWaiting: 0, storyLost: 0, placements: [] },
})
const link = (incarnation: string, at: string, isUp: boolean) => ({
  ...{
    node: at,
    incarnation,
    isUp,
    roundTripMs: 3,
    waitingBytes: 1,
    sentBytes: 0,
    receivedBytes: 0,
    breaks: 2,
  },
})

it('says the one thing about a node that matters most', () => {
  const drain = (state: 'going' | 'done') => ({ state, left: 2, refusal: null })
  expect(stateOf(silent)).toBe('silent')
  expect(stateOf(node('m1'))).toBe('up')
  expect(stateOf(node('m1', { drain: drain('going'), notReady: 'drained' }))).toBe('going')
  expect(stateOf(node('m1', { drain: drain('done'), notReady: 'drained' }))).toBe('drained')
  expect(stateOf(node('m1', { drain: drain('done'), cluster: cluster([], true) }))).toBe('cutOff')
  expect(stateOf(node('m1', { notReady: 'this node is just joining the cluster' }))).toBe('notReady')
})

it('puts what nodes say of one room together, and counts what they did not name', () => {
  const nodes = [
    node('m1', { roomCount: 1, rooms: [room('MT_1', 4, 1)] }),
    node('m2', { roomCount: 5, rooms: [room('MT_2', 6, 2), room('MT_1', 3, 3)] }),
    silent,
  ]
  expect(roomsOf(nodes)).toEqual({
    rooms: [
      {
        ...{ name: 'MT_1', people: 7, publishers: 4 },
        at: [
          { node: 'm1', people: 4, publishers: 1 },
          { node: 'm2', people: 3, publishers: 3 },
        ],
      },
      { name: 'MT_2', people: 6, publishers: 2, at: [{ node: 'm2', people: 6, publishers: 2 }] },
    ],
    unnamed: 3,
  })
})

it('shows pipes beside the link that lives, and those without a link', () => {
  const pipes = (to: string, open: number) => ({ node: to, open, sentBytes: 10, receivedBytes: 20 })
  const rows = linksOf(
    report({
      cluster: cluster([link('ND_old', 'm2:7881', false), link('ND_m2', 'm2:7881', true)]),
      pipes: [pipes('m2:7881', 4), pipes('ND_gone', 0)],
    }),
    incarnation => (incarnation === 'ND_m2' ? 'm2' : ''),
  )
  expect(
    rows.map(({ key, node: to, isUp, roundTripMs, pipes: open, sentBytes }) => [
      ...[key, to, isUp, roundTripMs, open, sentBytes],
    ]),
  ).toEqual([
    ['ND_m2', 'm2', true, 3, 4, 10],
    ['ND_old', 'm2:7881', false, null, 0, 0],
    ['ND_gone', 'ND_gone', null, null, 0, 10],
  ])
  expect(linksOf(report(), () => '')).toEqual([])
})
