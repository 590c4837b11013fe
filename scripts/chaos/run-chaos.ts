/** Faults in a meeting: a cluster, people on all of its nodes, one fault after the other, and what each cost whom. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ChaosClient } from './chaos-client.ts'
import { type ChaosCluster, pause } from './chaos-cluster.ts'
import type { Fault } from './faults.ts'
import { MachineWatch, type MachineWindow } from './measure-machine.ts'
import { type MediaGap, Witnesses } from './measure-media.ts'
import { type StoryEvent, storyFaults } from './webhook-story.ts'

/** Nobody has been silent for so long when all is well. */
const WELL_MS = 1_000
/** All is well for so long before a fault begins, and after it before it is over. */
const CALM_MS = 2_000
/** From the end of the cause. */
const RECOVERY_LIMIT_MS = 60_000
const LIST_LIMIT_MS = 10_000
const STORY_LIMIT_MS = 30_000
const ROOM = 'chaos'

export interface Round {
  fault: string
  node: number
  /** People on nodes that were hit: from the fault until they heard and were heard by everybody else again, ms. */
  backMs: number[]
  /** Between people whose nodes were not hit: the longest silence of packets and of sound, ms. */
  othersTicksMs: number[]
  othersSoundMs: number[]
  /** Of native clients on those nodes. */
  othersMedia: MediaGap[]
  machine: MachineWindow
  /** Until every node listed exactly those who were there, from the moment all were well, ms. */
  listsMs: number | undefined
  /** What this tool's own event loop was late by at worst, ms: smaller gaps are its own. */
  toolLateMs: number
  /** What was lost, one a line. */
  lost: string[]
}

export interface ChaosReport {
  rounds: Round[]
  webhooks: { events: number; faults: string[] }
}

export interface ChaosRun {
  cluster: ChaosCluster
  faults: readonly Fault[]
  rounds: number
  clients: number
  /** The native media clients, from ensureRtcClients. */
  program: string
  say: (line: string) => void
  /** Ends before the next fault. */
  signal: AbortSignal
}

export async function runChaos({
  cluster,
  faults,
  rounds,
  clients,
  program,
  say,
  signal,
}: ChaosRun): Promise<ChaosReport> {
  const machine = await MachineWatch.create(program)
  const people: ChaosClient[] = []
  let witnesses: Witnesses | undefined
  const report: ChaosReport = { rounds: [], webhooks: { events: 0, faults: [] } }
  try {
    await gather(people, cluster, clients)
    witnesses = await Witnesses.join(cluster, ROOM, program)
    const meeting: Meeting = { cluster, people, witnesses, machine }
    say(`${clients} people are in, ${cluster.plans.length} nodes`)
    for (let round = 0; round < rounds; round++)
      for (const fault of faults) {
        if (signal.aborted) break
        const result = await play(meeting, fault, round % cluster.plans.length)
        report.rounds.push(result)
        say(describe(result))
      }
  } finally {
    await Promise.all([...people.map(person => person.leave()), witnesses?.close()])
    machine.close()
  }
  await cluster.access[0]!.roomService()
    .deleteRoom(ROOM)
    .catch(() => {})
  report.webhooks = await judgeWebhooks(cluster)
  return report
}

/** Who is in. */
interface Meeting {
  cluster: ChaosCluster
  people: readonly ChaosClient[]
  witnesses: Witnesses
  machine: MachineWatch
}

/** Adds to `people` one after the other; the caller ends those that are there, also when one cannot join. */
async function gather(people: ChaosClient[], cluster: ChaosCluster, count: number): Promise<void> {
  const nodes = cluster.plans.length
  const name = (index: number) => `person-${index % count}`
  for (let index = 0; index < count; index++)
    people.push(
      await ChaosClient.join({
        room: ROOM,
        identity: name(index),
        access: cluster.access[0]!,
        plans: cluster.plans,
        node: index % nodes,
        nodeOf: identity => cluster.nodeOf(identity),
        // One on the next node, and one on its own.
        listensTo: [name(index + 1), name(index + nodes)].filter(other => other !== name(index)),
      }),
    )
}

async function play(meeting: Meeting, fault: Fault, node: number): Promise<Round> {
  const { cluster, people, witnesses, machine } = meeting
  const lost: string[] = []
  for (const person of people) await person.goHome()
  const before = (await witnesses.goHome(RECOVERY_LIMIT_MS)) ?? (await whenWell(people, RECOVERY_LIMIT_MS))
  if (before !== null) lost.push(`before the fault: ${before}`)
  const hitNodes = new Set(fault.hits(node, cluster.plans.length))
  const hit = people.filter(person => person.node !== undefined && hitNodes.has(person.node))
  const others = people.filter(person => !hit.includes(person))
  const givenUp = sum(people, person => person.givenUp)
  const order = () => sum(others, person => disorder(person, others))
  const disorderBefore = order()

  const late = monitorEventLoopDelay({ resolution: 10 })
  late.enable()
  await machine.read()
  const start = performance.now()
  for (const person of people) person.startWindow(start)
  witnesses.startWindow()
  try {
    await fault.run(cluster, node)
  } catch (error) {
    lost.push(`the fault itself: ${error instanceof Error ? error.message : String(error)}`)
  }
  const stillWrong = await whenWell(people, RECOVERY_LIMIT_MS)
  const now = performance.now()
  const media = await witnesses.read(hitNodes)
  const machineWindow = await machine.read()
  late.disable()
  lost.push(...media.lost)
  if (stillWrong !== null) lost.push(stillWrong)
  const gaps = (from: ChaosClient[], to: ChaosClient[], kind: 'ticks' | 'sound') =>
    from.flatMap(a =>
      to.filter(b => b !== a && heard(a, b, kind)).map(b => a.from(b.identity)[kind].longest(now)),
    )
  const backMs = hit.map(person =>
    Math.max(0, ...gaps([person], others, 'ticks'), ...gaps(others, [person], 'ticks')),
  )
  const anew = sum(people, person => person.givenUp) - givenUp
  if (anew > 0) lost.push(`${anew} times the SDK gave a session up`)
  const disordered = order() - disorderBefore
  if (disordered > 0)
    lost.push(`reliable data among the others: ${disordered} missing, repeated or out of order`)
  const away = await witnesses.whenIn(RECOVERY_LIMIT_MS)
  if (away !== null) lost.push(away)
  const lists = await whenListed(cluster, [
    ...people.map(({ identity }) => identity),
    ...witnesses.identities,
  ])
  if (typeof lists === 'string') lost.push(lists)
  return {
    fault: fault.name,
    node,
    backMs,
    othersTicksMs: gaps(others, others, 'ticks'),
    othersSoundMs: gaps(others, others, 'sound'),
    othersMedia: media.gaps,
    machine: machineWindow,
    listsMs: typeof lists === 'number' ? lists : undefined,
    toolLateMs: late.max / 1e6,
    lost,
  }
}

/** Sound counts only of those who are listened to. */
const heard = (a: ChaosClient, b: ChaosClient, kind: 'ticks' | 'sound'): boolean =>
  kind === 'ticks' || a.listensTo.includes(b.identity)

const disorder = (person: ChaosClient, others: ChaosClient[]): number =>
  sum(others, other => person.from(other.identity).order.missing + person.from(other.identity).order.repeated)

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0)

/** Waits until everybody has heard everybody without a break for a while. @returns null, or what is still wrong after the limit */
async function whenWell(people: readonly ChaosClient[], limitMs: number): Promise<string | null> {
  const deadline = performance.now() + limitMs
  let wellSince: number | undefined
  for (;;) {
    const now = performance.now()
    const wrong = whoIsSilent(people, now)
    wellSince = wrong === null ? (wellSince ?? now) : undefined
    if (wellSince !== undefined && now - wellSince >= CALM_MS) return null
    if (now > deadline) return wrong ?? 'it was never calm'
    await pause(50)
  }
}

function whoIsSilent(people: readonly ChaosClient[], now: number): string | null {
  for (const person of people) {
    if (!person.isConnected) return `${person.identity} is not connected`
    for (const other of people)
      if (other !== person && person.from(other.identity).ticks.silence(now) > WELL_MS)
        return `${person.identity} does not hear ${other.identity}`
  }
  return null
}

/** How long until each node lists exactly those who are there, all under the same sids; what is wrong after the limit. */
async function whenListed(cluster: ChaosCluster, identities: readonly string[]): Promise<number | string> {
  const start = performance.now()
  for (;;) {
    const wrong = await whatIsListedWrong(cluster, identities)
    const tookMs = performance.now() - start
    if (wrong === null) return tookMs
    if (tookMs > LIST_LIMIT_MS) return wrong
    await pause(100)
  }
}

/** The SDK does not tell a sid that a session made anew has given it, so that sids are compared between nodes only. */
async function whatIsListedWrong(cluster: ChaosCluster, wanted: readonly string[]): Promise<string | null> {
  const expected = wanted.toSorted().join(' ')
  let first: string | undefined
  for (const [index, access] of cluster.access.entries()) {
    const node = `node ${index + 1}`
    let listed: { identity: string; sid: string }[]
    try {
      listed = (await access.roomService().listParticipants(ROOM)).toSorted((a, b) =>
        a.identity < b.identity ? -1 : 1,
      )
    } catch (error) {
      return `${node} lists nobody: ${error instanceof Error ? error.message : String(error)}`
    }
    const identities = listed.map(({ identity }) => identity).join(' ')
    if (identities !== expected) return `${node} lists ${identities || 'nobody'} instead of ${expected}`
    const sids = listed.map(({ identity, sid }) => `${identity}=${sid}`).join(' ')
    first ??= sids
    if (sids !== first) return `${node} lists ${sids}, node 1 ${first}`
  }
  return null
}

async function judgeWebhooks(cluster: ChaosCluster): Promise<ChaosReport['webhooks']> {
  const deadline = performance.now() + STORY_LIMIT_MS
  for (;;) {
    const events = cluster.webhooks.events
      .filter(({ room }) => room?.name === ROOM)
      .map(
        ({ id, event, room, participant }): StoryEvent => ({
          id,
          event,
          roomSid: room?.sid ?? '',
          sid: participant?.sid ?? '',
          identity: participant?.identity ?? '',
        }),
      )
    const faults = storyFaults(events)
    if (cluster.webhooks.forged.length > 0)
      faults.push(`${cluster.webhooks.forged.length} were not signed by us`)
    if ((faults.length === 0 && events.length > 0) || performance.now() > deadline)
      return { events: events.length, faults: events.length > 0 ? faults : ['there was none'] }
    await pause(200)
  }
}

function describe({ fault, node, backMs, othersTicksMs, othersMedia, machine, lost }: Round): string {
  const worst = (values: number[]) => (values.length > 0 ? `${Math.round(Math.max(...values))} ms` : '–')
  const words = lost.length > 0 ? `; LOST: ${lost.join('; ')}` : ''
  return `${fault}, node ${node + 1}: back after ${worst(backMs)}, the others' longest gap ${worst(othersTicksMs)}, of media ${worst(othersMedia.map(gap => gap.ms))} (a process beside late by ${worst([machine.waitMs])}, ${Math.round(machine.idlePercent)} % idle)${words}`
}
