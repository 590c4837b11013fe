import { expect, it } from 'vitest'
import type { PeerStats } from '../worker/rtc-clients.mjs'
import { lackingOf, outagesOf, spreadOf, type Watch } from './outages.ts'

const flow = (stream: number, firstAt: number, gapMs: number) => ({ stream, firstAt, gapMs, longGaps: 0 })
const peers = (...all: [number, ReturnType<typeof flow>[]][]) =>
  new Map<number, PeerStats>(
    all.map(([id, flows]) => [id, { id, connected: true, undecryptable: 0, sent: [], received: [], flows }]),
  )
const watch = (identity: string, peer: number | undefined, ...streams: (number | undefined)[]): Watch => ({
  identity,
  peer,
  streams: streams.map(stream => ({ from: `hall ${stream}`, kind: 'video', stream })),
})

it('counts until the first packet of what began anew, and the gap of what stayed', () => {
  const all = peers([0, [flow(1, 500, 40), flow(3, 3_200, 20)]], [2, [flow(1, 500, 90)]], [4, []])
  const watches = [watch('an', 0, 1, 3), watch('binh', 2, 1), watch('chi', 4, 1)]
  expect(outagesOf(watches, all, 1_000)).toEqual([
    { identity: 'an', ms: 2_200 },
    { identity: 'binh', ms: 90 },
  ])
})

it('says who lacks what', () => {
  const all = peers([0, [flow(1, 500, 40)]])
  expect(lackingOf([watch('an', 0, 1)], all)).toEqual([])
  expect(lackingOf([watch('an', 0, 1, 3, undefined), watch('binh', undefined, 1)], all)).toEqual([
    'an gets no video of hall 3',
    'an gets no video of hall undefined',
    'binh is not in the room',
  ])
})

it('has no spread of nothing', () => {
  expect(spreadOf([])).toBeUndefined()
  expect(spreadOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p95: 3, worst: 3 })
})
