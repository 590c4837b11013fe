/** What must hold of the story that receivers get, whatever happens to nodes, record and receivers meanwhile. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { TestCluster, type TestNode, type TestSeat } from './test-story.ts'

type Act =
  | { act: 'join' | 'publish' | 'unpublish' | 'leave'; node: number; at: number; isActive: boolean }
  | { act: 'away' | 'deaf' | 'up'; node: number }
  | { act: 'kill'; node: number; isRestarted: boolean }
  | { act: 'receiver'; isUp: boolean }
  | { act: 'empty' }
  | { act: 'close'; at: number }
  | { act: 'pass'; ms: number }

const NAMES = ['hall', 'town']
const index = fc.nat({ max: 2 })
const acts = (faults: fc.Arbitrary<Act>): fc.Arbitrary<Act[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 14,
        arbitrary: fc.record({
          act: fc.constantFrom('join' as const, 'join', 'publish', 'publish', 'unpublish', 'leave'),
          node: index,
          at: fc.nat({ max: 9 }),
          isActive: fc.integer({ min: 0, max: 3 }).map(n => n > 0),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          act: fc.constantFrom('away' as const, 'deaf' as const, 'up' as const, 'up' as const),
          node: index,
        }),
      },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('receiver' as const), isUp: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('close' as const), at: fc.nat({ max: 1 }) }) },
      {
        weight: 4,
        arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 15 }) }),
      },
      { weight: 1, arbitrary: faults },
    ),
    { minLength: 10, maxLength: 60, size: 'max' },
  )
const kills = fc.record({ act: fc.constant('kill' as const), node: index, isRestarted: fc.boolean() })
/** Nothing is delivered at first, so that all is to be remembered. */
const unheard = fc.boolean()
const emptyings = fc.constant({ act: 'empty' as const })

class Run {
  readonly cluster: TestCluster
  readonly nodes: TestNode[] = []
  #isReceiverUp = true
  #next = 0

  private constructor(cluster: TestCluster) {
    this.cluster = cluster
  }
  static async create(): Promise<Run> {
    const run = new Run(await TestCluster.create())
    for (let i = 0; i < 3; i++) run.nodes.push(await run.cluster.node())
    return run
  }

  get living(): TestNode[] {
    return this.nodes.filter(node => node.steps.ended === undefined)
  }

  async do(act: Act): Promise<void> {
    if (act.act === 'pass') await new Promise(resolve => setTimeout(resolve, act.ms))
    else if (act.act === 'empty') this.#empty()
    else if (act.act === 'receiver') await this.#receiver(act.isUp)
    else if (act.act === 'close') this.#close(NAMES[act.at]!)
    else await this.#doAt(this.nodes[act.node]!, act)
  }

  async #doAt(node: TestNode, act: Extract<Act, { node: number }>): Promise<void> {
    if (node.steps.ended !== undefined) return
    switch (act.act) {
      case 'away':
      case 'deaf':
      case 'up':
        node.line.state = act.act
        return
      case 'kill': {
        const heir = this.living.find(other => other !== node)
        if (!heir) return
        await node.kill()
        if (act.isRestarted) this.nodes[act.node] = await node.restarted()
        else this.cluster.bury(node, heir)
        return
      }
      case 'join':
        // A join that waits for the record is not what is looked at here.
        if (node.line.state !== 'up' || this.#isFilling) return
        await node
          .join(NAMES[act.at % 2]!, `delegate ${this.#next++}`)
          .then(seat => (act.isActive ? node.activate(seat) : undefined))
        return
      default: {
        const seat = [...node.seats][act.at % Math.max(node.seats.size, 1)]
        if (seat) this.#doFor(node, seat, act)
      }
    }
  }
  #doFor(node: TestNode, seat: TestSeat, { act, at }: { act: string; at: number }): void {
    if (act === 'leave') node.leave(seat)
    if (act === 'leave' || !seat.isActive) return
    if (act === 'publish') node.publish(seat)
    const track = seat.tracks[at % Math.max(seat.tracks.length, 1)]
    if (act === 'unpublish' && track) node.unpublish(seat, track)
  }

  #empty(): void {
    this.cluster.empty()
    // A node that cannot reach it meanwhile is waited for, as it is by no real record: what only it knows would be lost.
    void this.cluster.open().catch(() => {})
  }
  /** As all nodes of a room do when it is closed: everybody there leaves. */
  #close(name: string): void {
    const sid = this.cluster.record.steps.state.names.get(name)
    for (const node of this.living) if (sid) void node.close(sid).catch(() => {})
  }
  get #isFilling(): boolean {
    const { era, atMs } = this.cluster.record.steps.stamp()
    return era.openFromMs > atMs
  }
  async #receiver(isUp: boolean): Promise<void> {
    if (this.#isReceiverUp === isUp) return
    this.#isReceiverUp = isUp
    await (isUp ? this.cluster.receiver.up() : this.cluster.receiver.down())
  }

  /** Everything is well again and everybody leaves. */
  async calm(): Promise<void> {
    await this.#receiver(true)
    for (const node of this.living) node.line.state = 'up'
    const [first] = this.living as [TestNode]
    await this.cluster.open()
    // No lease of a killed node lasts.
    this.cluster.leap(6_000)
    for (const node of this.living) for (const seat of [...node.seats]) node.leave(seat)
    await eventually(
      () => (this.living.every(({ teller }) => teller.waiting === 0) ? null : 'not told'),
      8_000,
    )
    for (const sid of [...this.cluster.record.steps.state.rooms.keys()]) await first.close(sid)
    await eventually(async () => {
      const { orphans } = await first.steps.within(1_000, call => first.steps.record.sweep(call))
      for (const dead of orphans) await first.teller.inherit(dead)
      if (this.cluster.record.steps.state.rooms.size > 0) return 'a room is not over'
      const names = await this.cluster.undelivered()
      return names.length === 0 ? null : `undelivered: ${names}`
    }, 8_000)
    for (const node of this.living) await node.teller.missed()
    for (const node of this.living)
      await eventually(() => (node.teller.undelivered().length === 0 ? null : 'a node remembers'), 5_000)
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop()
    await this.cluster.receiver.down()
  }
}

/** Invariant 6 of the design. */
function judge(cluster: TestCluster): void {
  const story = cluster.receiver.story
  for (const [sid, events] of Map.groupBy(story, ({ room }) => room!.sid)) {
    const kinds = events.map(({ event }) => event)
    expect(kinds[0], sid).toBe('room_started')
    expect(kinds.at(-1), sid).toBe('room_finished')
    const rest = events.slice(1, -1)
    expect(rest.every(({ participant }) => participant)).toBe(true)
    for (const [psid, own] of Map.groupBy(rest, ({ participant }) => participant!.sid)) {
      const words = own.map(({ event }) => event)
      if (words.includes('participant_connection_aborted')) {
        expect(words, psid).toEqual(['participant_connection_aborted'])
        continue
      }
      expect(words[0], psid).toBe('participant_joined')
      expect(words.at(-1), psid).toBe('participant_left')
      for (const [track, its] of Map.groupBy(own.slice(1, -1), one => one.track!.sid))
        expect(
          its.map(({ event }) => event),
          track,
        ).toEqual(['track_published', 'track_unpublished'])
    }
  }
}

/** Those of nodes that lived to the end are told whole; how many there were. */
async function play(all: Act[], isUnheard: boolean): Promise<void> {
  const run = await Run.create()
  try {
    if (isUnheard) await run.do({ act: 'receiver', isUp: false })
    for (const act of all) await run.do(act)
    await run.calm()
    judge(run.cluster)
    for (const node of run.living) {
      expect(node.errors()).toEqual([])
      await node.teller.close(1_000)
      expect(node.journals, 'what is remembered of a story that is over').toEqual([])
    }
  } finally {
    await run.stop()
  }
}

it('is in order and whole for everybody, whichever node is killed at whatever moment', async () => {
  await fc.assert(fc.asyncProperty(acts(kills), unheard, play), {
    numRuns: 15,
    endOnFailure: true,
    verbose: 0,
  })
}, 120_000)

it('is in order and whole for everybody when the record is emptied and filled again', async () => {
  await fc.assert(fc.asyncProperty(acts(emptyings), unheard, play), {
    numRuns: 15,
    endOnFailure: true,
    verbose: 0,
  })
}, 120_000)
