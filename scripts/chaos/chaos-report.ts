/** The table of `npm run chaos`. Pure. */
import type { Fault } from './faults.ts'
import { percentile } from './measure.ts'
import type { ChaosReport, Round } from './run-chaos.ts'

/** Promised to those whose nodes were not hit. */
const MEDIA_GAP_MS = 200

const ms = (value: number | undefined): string => (value === undefined ? '–' : `${Math.round(value)}`)
const three = (values: number[]): string[] => [50, 95, 100].map(share => ms(percentile(values, share)))

const HEAD = [
  ...['fault', 'rounds', 'people hit', 'back p50', 'p95', 'worst', 'promised p95'],
  ...["others' packets p50", 'p95', 'worst', "others' sound p95", 'worst'],
  ...["others' media p50", 'p95', 'worst', 'machine late, worst', 'lists equal, worst', 'lost'],
]

/** One line a fault, all times in ms; then what was lost in words. As Markdown, for docs/cluster.md. */
export function formatChaos(report: ChaosReport, faults: readonly Fault[]): string[] {
  const rows = faults.flatMap(fault => {
    const rounds = report.rounds.filter(round => round.fault === fault.name)
    return rounds.length > 0 ? [rowOf(fault, rounds)] : []
  })
  const late = percentile(
    report.rounds.map(({ toolLateMs }) => toolLateMs),
    100,
  )
  return [
    ...[HEAD, HEAD.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`),
    '',
    `Times in ms. Packets go every 50 ms, sound every 20 ms and a picture every 38 ms; this tool's own event loop was late by ${ms(late)} at worst.`,
    ...mediaLines(report.rounds),
    `Webhooks: ${report.webhooks.events}, ${report.webhooks.faults.length} faults.`,
    ...lostOf(report).map(line => `LOST ${line}`),
  ]
}

/** Everything that was lost, one a line; none is what is promised. */
export function lostOf({ rounds, webhooks }: ChaosReport): string[] {
  return [
    ...rounds.flatMap(({ fault, node, lost }) => lost.map(line => `${fault}, node ${node + 1}: ${line}`)),
    ...webhooks.faults.map(line => `webhooks: ${line}`),
  ]
}

/** What media among people on healthy nodes kept, and what the machine did in rounds that had a longer gap. */
function mediaLines(rounds: readonly Round[]): string[] {
  const long = ({ othersMedia }: Round) =>
    othersMedia.filter(gap => gap.ms > MEDIA_GAP_MS).toSorted((a, b) => b.ms - a.ms)
  const broken = rounds.filter(round => long(round).length > 0)
  const idle = rounds.map(({ machine }) => machine.idlePercent)
  return [
    `Media among the others: ${rounds.length - broken.length} of ${rounds.length} rounds without a gap over ${MEDIA_GAP_MS}. ` +
      `The processors were idle for ${ms(percentile(idle, 50))} % (median; least ${ms(Math.min(...idle))} %).`,
    ...broken.map(round => {
      const [worst, ...rest] = long(round)
      const { waitMs, stallMs, idlePercent } = round.machine
      return (
        `${round.fault}, node ${round.node + 1}: ${worst!.to} had ${worst!.kind} of ${worst!.from} with a gap of ${ms(worst!.ms)}, and ${rest.length} more; ` +
        `meanwhile a process beside was late by ${ms(waitMs)}, one before all others by ${ms(stallMs)}, idle ${ms(idlePercent)} %.`
      )
    }),
  ]
}

function rowOf(fault: Fault, rounds: readonly Round[]): string[] {
  const all = (of: (round: Round) => number[]) => rounds.flatMap(of)
  const back = all(round => round.backMs)
  const sound = all(round => round.othersSoundMs)
  return [
    fault.title,
    String(rounds.length),
    String(back.length),
    ...three(back),
    ms(fault.promisedMs),
    ...three(all(round => round.othersTicksMs)),
    ...three(sound).slice(1),
    ...three(all(round => round.othersMedia.map(gap => gap.ms))),
    ms(
      percentile(
        rounds.map(({ machine }) => machine.waitMs),
        100,
      ),
    ),
    ms(
      percentile(
        all(({ listsMs }) => (listsMs === undefined ? [] : [listsMs])),
        100,
      ),
    ),
    String(rounds.reduce((count, { lost }) => count + lost.length, 0)),
  ]
}
