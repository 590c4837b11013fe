import type { Census } from './census.ts'
import type { VisitorsReport } from './visitors.ts'

/** A census with the instances of all classes. */
export type FullCensus = Census & { allInstances: Record<string, number> }

/** How busy the machine was while visitors acted, in cores on average. */
export interface Load {
  cores: number
  visitors: number
  node: number
  workers: number
  /** Of the last minute of the run, everything on this machine. */
  average: number
}

export interface SoakOptions {
  /** Of acting; the quiet moments come on top. */
  seconds: number
  participants: number
  seed: number
  workerBin?: string
  /** Close every room by the API instead of letting one run into its own timers (some 40 s each time), and send no webhooks. */
  isQuick?: boolean
  log: (line: string) => void
}

export interface SoakReport {
  options: Pick<SoakOptions, 'seconds' | 'participants' | 'seed'>
  /** What they did. What the SDK or the server refused meanwhile is in `failed`, which need not be empty. */
  visitors: VisitorsReport
  /** Share of all joins that succeeded within 30 s, in percent; undefined without any. */
  joinedPercent: number | undefined
  load: Load
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
/** Of all, with those that come and go by themselves, and of the lasting ones: less than one for each visit of a short run. */
export const SLACK = { listeners: 60, timers: 6, lasting: { listeners: 3, timers: 3 } }
/** So many visits before a census make one thing left by each of them more than the slack. */
const LEAST_VISITS = 6

/** Of all joins, on a machine that keeps up. Below it too little was visited for the rest to say anything. */
const LEAST_JOINED_PERCENT = 80

export function judge(run: {
  options: SoakOptions
  visitors: VisitorsReport
  load: Load
  start: FullCensus
  early: FullCensus
  end: FullCensus
  warnings: string[]
}): SoakReport {
  const { options, visitors, load, start, early, end } = run
  const { seconds, participants, seed } = options
  const { succeeded, failed } = visitors.joins
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
    for (const what of ['timers', 'listeners'] as const) {
      const [before, now] = [start.lasting[what], census.lasting[what]]
      const kinds = what === 'timers' ? census.timerKinds : census.listenerKinds
      if (now > before + SLACK.lasting[what])
        faults.push(
          `${name}: ${now} ${what} that do not end by themselves, ${before} at the start: ${JSON.stringify(kinds)}`,
        )
    }
  }
  if (succeeded < LEAST_VISITS)
    faults.push(`only ${succeeded} joins: what one visit leaves behind would not be seen`)
  const tried = succeeded + failed
  const joinedPercent = tried === 0 ? undefined : Math.round((succeeded / tried) * 1000) / 10
  if (joinedPercent === undefined) faults.push('nobody joined')
  else if (joinedPercent < LEAST_JOINED_PERCENT)
    faults.push(
      `only ${joinedPercent} % of ${tried} joins succeeded (at least ${LEAST_JOINED_PERCENT} %): ` +
        `the machine or the server was too slow (${loadInWords(load)})`,
    )
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
    visitors,
    joinedPercent,
    load,
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
const loadInWords = ({ cores, visitors, node, workers, average }: Load) =>
  `of ${cores} cores the visitors used ${visitors.toFixed(2)}, the SFU's node ${node.toFixed(2)}, its workers ` +
  `${workers.toFixed(2)}; load average ${average.toFixed(1)}`
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
export const inWords = (census: Census) =>
  `node ${mib(census.nodeRss)} (heap ${mib(census.heapUsed)}), workers ${census.workerRss.map(mib).join(' and ')}, ` +
  `${census.timers} timers (${census.lasting.timers} lasting), ${census.listeners} listeners (${census.lasting.listeners} lasting), ${census.workerHandlers} handlers in workers`

/** The report as lines for a person. */
export function formatSoak(report: SoakReport): string[] {
  const { options, visitors, start, early, end, growth, isMemoryJudged, grown, faults } = report
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')
  return [
    `soak of ${options.seconds} s, ${options.participants} participants, seed ${options.seed}`,
    `joins: ${visitors.joins.succeeded} succeeded, ${visitors.joins.failed} failed (${report.joinedPercent ?? 0} % of all)`,
    `done: ${list(visitors.done)}`,
    `decoded by who looked: ${visitors.frames.video} pictures, ${visitors.frames.audio} frames of sound`,
    `failed meanwhile: ${list(visitors.failed) || 'nothing'}`,
    `visitors' processes: ${visitors.processes}, of which ${visitors.crashes} crashed and ${visitors.killed} were killed; ` +
      `the largest had ${mib(visitors.mostRss)}`,
    `busy: ${loadInWords(report.load)}`,
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
