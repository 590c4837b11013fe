import { createServer } from 'node:net'
import { eventually } from '../../sfu/test/harness/eventually.ts'
import { startSfu } from '../../sfu/test/harness/start-sfu.ts'
import { type Census, readOpen, takeCensus } from './census.ts'
import { Inspector } from './inspector.ts'
import { Random } from './random.ts'
import { SoakParticipant, type SoakPlan } from './soak-participant.ts'

export interface SoakOptions {
  /** Of acting; the quiet moments come on top. */
  seconds: number
  participants: number
  seed: number
  workerBin?: string
  /** Close every room by the API instead of letting one run into its own timers (some 40 s each time). */
  isQuick?: boolean
  log: (line: string) => void
  /** Told the process id of the SFU, which has to be ended by whoever outlives a crash of this process. */
  onStarted?: (sfuPid: number) => void
}

export interface SoakReport {
  options: Pick<SoakOptions, 'seconds' | 'participants' | 'seed'>
  done: Record<string, number>
  /** What the SDK or the server refused meanwhile; joins during an outage fail, so this need not be empty. */
  failed: Record<string, number>
  /** Before anybody came, at the first quiet moment (minute 5 of 30) and at the end. */
  start: Census
  early: Census
  end: Census
  /** Growth from `early` to `end`, in percent. */
  growth: { node: number; workers: number[] }
  /** Whether the run was long enough for `growth` to be judged. */
  isMemoryJudged: boolean
  /** Classes of which there are more at the end than at the first quiet moment, with both numbers. */
  grown: Record<string, [number, number]>
  /** Empty when nothing was left. */
  faults: string[]
}

/** A run must be this long before memory says anything: allocators and compilers warm up for minutes. */
const JUDGED_FROM_S = 15 * 60
const MOST_GROWTH_PERCENT = 10
/** The first quiet moment: a sixth of the run, which is minute 5 of 30. */
const EARLY_SHARE = 1 / 6
/** Of things that come and go by themselves: keep-alive sockets of webhooks, timers of the runtime. */
const SLACK = { listeners: 60, timers: 6 }
/** Resume window and departure timeout are 20 s each; a worker's consent check is another 20 s. */
const QUIET_LIMIT_MS = 90_000

/** Runs an SFU and its visitors. @throws Error when the SFU does not start or never becomes quiet. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { seconds, participants: count, seed, isQuick = false, log } = options
  const inspectPort = await freePort()
  const sfu = await startSfu({
    workers: 2,
    env: {
      NODE_OPTIONS: `--inspect=127.0.0.1:${inspectPort}`,
      LOG_LEVEL: 'warn',
      // All come from this machine's one address.
      SFU_JOINS_PER_MINUTE: '100000',
      ...(options.workerBin ? { MEDIASOUP_WORKER_BIN: options.workerBin } : {}),
    },
  })
  options.onStarted?.(sfu.pid)
  const inspector = await Inspector.connect(inspectPort)
  const plan: SoakPlan = {
    sfu,
    rooms: ['soak-1', 'soak-2', 'soak-3'],
    random: new Random(seed),
    done: new Map(),
    failed: new Map(),
    published: { camera: 0, microphone: 0 },
  }
  const participants: SoakParticipant[] = []
  try {
    for (let index = 0; index < count; index++)
      participants.push(await SoakParticipant.create(plan, `soak-${index}`))
    // One visit first: code and connections that are made at first use belong to the start.
    const start = await phase(participants.slice(0, 1), 1)
    log(`seed ${seed}, ${count} participants, ${seconds} s; at the start ${inWords(start)}`)
    const early = await phase(participants, seconds * EARLY_SHARE, start)
    log(`first quiet moment: ${inWords(early)}`)
    const end = await phase(participants, seconds * (1 - EARLY_SHARE), start)
    log(`end: ${inWords(end)}`)
    const warnings = sfu.output.split('\n').filter(line => /"level":(50|60)/.test(line))
    return judge({ options, plan, start, early, end, warnings })
  } finally {
    for (const participant of participants) participant.close()
    inspector.close()
    await sfu.stop()
  }

  async function phase(who: SoakParticipant[], length: number, before?: FullCensus): Promise<FullCensus> {
    await act(who, length)
    await untilQuiet(plan, isQuick)
    // Timers of what was closed last, such as the time limit of a webhook's delivery, run out by themselves.
    const deadline = Date.now() + QUIET_LIMIT_MS
    for (;;) {
      const census = await takeCensus(inspector, sfu)
      if (census.timers <= (before?.timers ?? 0) + SLACK.timers || Date.now() > deadline) return census
      await new Promise(resolve => setTimeout(resolve, 1_000))
    }
  }
}

type FullCensus = Awaited<ReturnType<typeof takeCensus>>

async function act(participants: SoakParticipant[], seconds: number): Promise<void> {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), seconds * 1000)
  await Promise.all(participants.map(participant => participant.act(ending.signal)))
  clearTimeout(timer)
}

/** Everybody has left: one room is closed by its own timer, the others by the API; then nothing may be open. */
async function untilQuiet({ sfu, rooms }: SoakPlan, isQuick: boolean): Promise<void> {
  const service = sfu.roomService()
  const open = await service.listRooms()
  for (const { name } of open) if (isQuick || name !== rooms[0]) await service.deleteRoom(name)
  await eventually(
    async () => {
      const { counts } = await readOpen(sfu.url)
      const left = Object.entries(counts).filter(([, number]) => number !== 0)
      return left.length === 0 ? null : `still open: ${left.map(pair => pair.join(' ')).join(', ')}`
    },
    QUIET_LIMIT_MS,
    250,
  )
}

function judge(run: {
  options: SoakOptions
  plan: SoakPlan
  start: FullCensus
  early: FullCensus
  end: FullCensus
  warnings: string[]
}): SoakReport {
  const { options, plan, start, early, end } = run
  const { seconds, participants, seed } = options
  const faults = run.warnings.slice(0, 10).map(line => `logged: ${line.slice(0, 300)}`)
  for (const [name, census] of Object.entries({ early, end })) {
    for (const [kind, number] of Object.entries(census.open))
      if (number !== 0) faults.push(`${name}: ${number} ${kind} left`)
    for (const [kind, number] of Object.entries(census.instances))
      if (number > (start.instances[kind] ?? 0))
        faults.push(`${name}: ${number} objects of ${kind} left, ${start.instances[kind] ?? 0} at the start`)
    if (census.workerHandlers > start.workerHandlers)
      faults.push(`${name}: ${census.workerHandlers} handlers in the workers, ${start.workerHandlers} before`)
    if (census.timers > start.timers + SLACK.timers)
      faults.push(
        `${name}: ${census.timers} timers, ${start.timers} at the start: ${JSON.stringify(census.timerKinds)}`,
      )
    if (census.listeners > start.listeners + SLACK.listeners)
      faults.push(`${name}: ${census.listeners} listeners, ${start.listeners} at the start`)
  }
  const percent = (from: number, to: number) => Math.round((to / from - 1) * 1000) / 10
  const growth = {
    node: percent(early.nodeRss, end.nodeRss),
    workers: end.workerRss.map((rss, index) => percent(early.workerRss[index] ?? rss, rss)),
  }
  const isMemoryJudged = seconds >= JUDGED_FROM_S
  if (isMemoryJudged)
    for (const [name, value] of [
      ['node', growth.node] as const,
      ...growth.workers.map((value, index) => [`worker ${index}`, value] as const),
    ])
      if (value > MOST_GROWTH_PERCENT) faults.push(`the memory of ${name} grew by ${value} %`)
  const grown = Object.entries(end.allInstances)
    .map(([name, number]) => [name, [early.allInstances[name] ?? 0, number]] as [string, [number, number]])
    .filter(([, [before, after]]) => after > before * 1.05 + 5)
  return {
    options: { seconds, participants, seed },
    done: Object.fromEntries([...plan.done].sort()),
    failed: Object.fromEntries([...plan.failed].sort()),
    start: withoutAll(start),
    early: withoutAll(early),
    end: withoutAll(end),
    growth,
    isMemoryJudged,
    grown: Object.fromEntries(grown),
    faults,
  }
}

const withoutAll = ({ allInstances: _, ...census }: FullCensus): Census => census
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const inWords = (census: Census) =>
  `node ${mib(census.nodeRss)} (heap ${mib(census.heapUsed)}), workers ${census.workerRss.map(mib).join(' and ')}, ` +
  `${census.timers} timers, ${census.listeners} listeners, ${census.workerHandlers} handlers in workers`

/** The report as lines for a person. */
export function formatSoak(report: SoakReport): string[] {
  const { options, done, failed, start, early, end, growth, isMemoryJudged, grown, faults } = report
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')
  return [
    `soak of ${options.seconds} s, ${options.participants} participants, seed ${options.seed}`,
    `done: ${list(done)}`,
    `failed meanwhile: ${list(failed) || 'nothing'}`,
    `start: ${inWords(start)}`,
    `first quiet moment: ${inWords(early)}`,
    `end: ${inWords(end)}`,
    `left open at the end: ${list(Object.fromEntries(Object.entries(end.open).filter(([, n]) => n > 0))) || 'nothing'}`,
    `memory since the first quiet moment: node ${growth.node} %, workers ${growth.workers.join(' % and ')} %` +
      (isMemoryJudged ? ` (at most ${MOST_GROWTH_PERCENT} %)` : ' (not judged: the run is too short)'),
    ...Object.entries(grown).map(([name, [a, b]]) => `more ${name} than at the first moment: ${a} → ${b}`),
    ...faults.map(fault => `fault: ${fault}`),
    faults.length === 0 ? 'nothing was left' : `${faults.length} faults`,
  ]
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
