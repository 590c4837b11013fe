/** One run of the model: what is done to three nodes, in which order and after which time, and then calm. */
import fc from 'fast-check'
import * as claims from '../claim/claim-state.ts'
import { checkCalm } from './calm.ts'
import { Checks } from './checks.ts'
import { ModelNode } from './model-node.ts'
import type { Connection, Flow } from './parts.ts'
import { World } from './world.ts'

const NODES = 3
const ROOMS = ['hall', 'court']
const IDENTITIES = ['an', 'binh', 'chi', 'dung', 'em']

const slot = fc.nat(NODES - 1)
const identity = fc.constantFrom(...IDENTITIES)
const room = fc.constantFrom(...ROOMS)
const pairs = fc.constantFrom<[number, number]>([0, 1], [0, 2], [1, 2], [1, 0], [2, 0], [2, 1])
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      slot,
      identity,
      room,
      isOldToken: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('leave' as const, 'remove' as const, 'keep' as const),
      identity,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), slot, room }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), slot, identity }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('move' as const, 'forward' as const), identity, room }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'start' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'wake' as const), slot }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('cut' as const, 'mend' as const),
      pair: pairs,
      isBoth: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('cutRecord' as const, 'mendRecord' as const),
      slot,
      way: fc.constantFrom('to', 'from', 'both'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('slow' as const, 'leapNode' as const),
      slot,
      ms: fc.constantFrom(-60_000, 60_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('away' as const, 'hang' as const, 'back' as const, 'empty' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('failOver' as const, 'leapRecord' as const),
      ms: fc.constantFrom(-60_000, 200, 1_000, 60_000),
    }),
  },
)
export type Command = typeof command extends fc.Arbitrary<infer C> ? C : never
export interface Scenario {
  seed: number
  /** The record may be emptied and rolled back in this run; without that, more is promised. */
  mayForget: boolean
  steps: { waitMs: number; command: Command }[]
}
const wait = fc.oneof(fc.nat(100), fc.nat(1_500), fc.nat(6_000))
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer(),
  mayForget: fc.boolean(),
  steps: fc.array(fc.record({ waitMs: wait, command }), { minLength: 1, maxLength: 30, size: 'max' }),
})

interface Stage {
  world: World
  nodes: ModelNode[]
  checks: Checks
}

/** How often what is to be looked at happened at all. */
export interface Figures {
  granted: number
  buried: number
  /** Nodes out of the sight of another, and rooms given up to one. */
  hidden: number
  gaveUp: number
  /** Clients that were told to come back, and have. */
  cameBack: number
}

/** @throws Broken: what did not hold. Answers figures of the run. */
export function run({ seed, mayForget, steps }: Scenario): Figures {
  const checks = new Checks()
  const world = new World(seed, checks)
  const nodes = Array.from({ length: NODES }, (_, i) => new ModelNode(world, i))
  world.nodes.push(...nodes)
  const stage: Stage = { world, nodes, checks }
  for (const node of nodes) node.start()
  world.run(3_600)
  for (const { waitMs, command } of steps) {
    if (mayForget || (command.do !== 'empty' && command.do !== 'failOver')) apply(stage, command)
    world.run(waitMs)
  }
  calm(stage)
  checkCalm(world, nodes, checks)
  const { granted, hidden, gaveUp } = checks.figures
  return { granted, hidden, gaveUp, cameBack: world.cameBack, buried: world.record.state.dead.size }
}

/** Everything is there again, and the compare, the sweep and the windows have had their time. */
function calm({ world, nodes }: Stage): void {
  world.cutRecord.clear()
  for (const way of [...world.cutLinks]) world.mendLink(Number(way[0]), Number(way[2]))
  world.slowUntilMs.clear()
  if (world.recordIs !== 'there') world.recordReturns()
  for (const node of nodes) {
    node.wake()
    node.start()
  }
  world.run(22_000)
}

const newest = (
  { nodes }: Stage,
  identity: string,
): { node: ModelNode; connection: Connection } | undefined =>
  nodes
    .filter(node => node.isDoing())
    .flatMap(node => [...node.rooms.connections].map(connection => ({ node, connection })))
    .filter(
      ({ connection: { identity: its, claim, source } }) =>
        its === identity && claim.is !== 'none' && !source,
    )
    .at(-1)

function* resume(entry: ModelNode, { psid, claim, identity, roomName, tokenFromS }: Connection): Flow {
  if (!claims.isActing(claim)) return
  const isServed = yield* entry.rooms.resume(psid, claim.roomSid, identity)
  if (!isServed) entry.rooms.join(roomName, identity, tokenFromS)
}

function apply(stage: Stage, command: Command): void {
  const { world, nodes, checks } = stage
  // When it is asked for: the record may forget it before the answer comes.
  const atMs = world.nowMs
  const by = ({ inst }: ModelNode) => ({ inst, atMs })
  const at = 'slot' in command ? nodes[command.slot]! : undefined
  switch (command.do) {
    case 'join': {
      const tokenFromS = command.isOldToken ? 0 : Math.floor(world.recordNow() / 1000) + 120
      const { room: roomName, identity } = command
      if (at!.isDoing()) at!.placeOf(roomName, false)?.join({ roomName, identity, tokenFromS })
      return
    }
    case 'resume': {
      const one = newest(stage, command.identity)
      if (one && at!.isDoing()) at!.flow(resume(at!, one.connection))
      return
    }
    case 'leave':
    case 'remove':
    case 'keep': {
      const one = newest(stage, command.identity)
      if (!one) return
      const { node, connection } = one
      if (command.do === 'leave') node.rooms.end(connection, 'left')
      else if (command.do === 'remove')
        node.flow(
          node.rooms.remove(connection, revocation => checks.acknowledgedRevocation(by(node), revocation)),
        )
      else
        node.flow(
          node.rooms.keep(connection, (sid, kept) =>
            checks.acknowledgedKeep(by(node), sid, connection.identity, kept),
          ),
        )
      return
    }
    case 'close': {
      const open = [...at!.rooms.rooms.values()].find(({ facts }) => facts.name === command.room)
      if (open && at!.isDoing())
        at!.flow(at!.rooms.closeRoom(open.facts.sid, () => checks.acknowledgedClose(by(at!), open.facts.sid)))
      return
    }
    case 'move':
    case 'forward': {
      const one = newest(stage, command.identity)
      if (!one || one.connection.roomName === command.room) return
      if (command.do === 'move') one.node.rooms.move(one.connection, command.room)
      else one.node.flow(one.node.rooms.forwarding(one.connection, command.room))
      return
    }
    case 'drain':
      if (at!.isDoing()) at!.flow(at!.drain())
      return
    case 'crash':
      at!.crash()
      return
    case 'start':
      at!.start()
      return
    case 'pause':
      at!.pause()
      return
    case 'wake':
      at!.wake()
      return
    case 'cut':
    case 'mend': {
      const [from, to] = command.pair
      for (const [a, b] of command.isBoth
        ? [
            [from, to],
            [to, from],
          ]
        : [[from, to]])
        if (command.do === 'cut') world.cutLinks.add(`${a}>${b}`)
        else world.mendLink(a!, b!)
      return
    }
    case 'cutRecord':
    case 'mendRecord': {
      const ways = {
        to: [`${command.slot}>`],
        from: [`<${command.slot}`],
        both: [`${command.slot}>`, `<${command.slot}`],
      }
      for (const way of ways[command.way as 'to'])
        if (command.do === 'cutRecord') world.cutRecord.add(way)
        else world.cutRecord.delete(way)
      return
    }
    case 'slow':
      world.slowUntilMs.set(command.slot, world.nowMs + 3_000)
      return
    case 'leapNode':
      at!.wallLeapMs += command.ms
      return
    case 'leapRecord':
      world.recordLeapMs += command.ms
      return
    case 'away':
      world.recordGoes('away')
      return
    case 'hang':
      world.recordGoes('hung')
      return
    case 'back':
      world.recordReturns()
      return
    case 'empty':
      world.empty()
      return
    case 'failOver':
      world.failOver(Math.min(1_000, Math.abs(command.ms)))
      return
  }
}
