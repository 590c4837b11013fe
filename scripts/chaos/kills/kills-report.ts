/** The table of `npm run chaos -- --kills`. Pure. */
import { percentile } from '../measure.ts'
import type { Kind } from './kinds.ts'
import type { Tally } from './ledger.ts'
import type { KillResult, KillsReport } from './run-kills.ts'

const ms = (value: number | undefined): string => (value === undefined ? '–' : `${Math.round(value)}`)
const three = (values: number[]): string[] => [50, 95, 100].map(share => ms(percentile(values, share)))

const HEAD = [
  ...['killed', 'times', 'back p50', 'p95', 'worst', 'command p50', 'p95', 'worst'],
  ...['its people apart p50', 'p95', 'worst', "others' silence p50", 'p95', 'worst', 'lost'],
]

/** One line a kind, all times in ms; then what was compared, and what was lost in words. As Markdown, for docs/cluster.md. */
export function formatKills(report: KillsReport, kinds: readonly Kind[]): string[] {
  const rows = kinds.flatMap(kind => {
    const kills = report.kills.filter(one => one.kind === kind.name)
    return kills.length > 0 ? [rowOf(kind, kills)] : []
  })
  const { chat, hands, settings, presence, recording } = report.last
  return [
    ...[HEAD, HEAD.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`),
    '',
    `Times in ms. ${report.rounds} rounds, of ${three(report.roundsMs).join(' / ')} ms (p50, p95, worst).`,
    `Messages: ${counted(chat)}. Hands: ${counted(hands)}. Settings: ${counted(settings)}.`,
    `Attendance: ${presence.connections} connections; the longest time somebody was there and is not written down as such: ${ms(presence.worstHoleMs)} ms.`,
    `Recording: ${recording.files} files, ${recording.empty} of them begun at the moment of a kill and empty; sound for ${percent(recording.share)} of the time, of each person for ${percent(recording.leastOfOne)} or more of theirs; ${recording.gaps} gaps over 1 s, the longest ${ms(recording.worstGapMs)} ms.`,
    filmLine(report.film),
    ...lostOf(report).map(line => `LOST ${line}`),
  ]
}

/** Everything that was lost, one a line; none is what is promised. */
export function lostOf({ kills, comparisons, last, film }: KillsReport): string[] {
  return [
    ...kills.flatMap(({ name, round, lost }) => lost.map(line => `${name}, round ${round + 1}: ${line}`)),
    ...comparisons.flatMap(({ after, faults }) => faults.map(line => `after ${after} rounds: ${line}`)),
    ...last.faults.map(line => `at the end: ${line}`),
    ...(film && 'fault' in film ? [`film: ${film.fault}`] : []),
  ]
}

function rowOf({ title }: Kind, kills: readonly KillResult[]): string[] {
  const all = (of: (kill: KillResult) => number | undefined) => kills.flatMap(kill => of(kill) ?? [])
  return [
    title,
    String(kills.length),
    ...three(all(({ backMs }) => backMs)),
    ...three(all(({ commandMs }) => commandMs)),
    ...three(kills.flatMap(({ peopleMs }) => peopleMs)),
    ...three(all(({ othersMs }) => othersMs)),
    String(kills.reduce((count, { lost }) => count + lost.length, 0)),
  ]
}

function counted({ sent, acked, refused, open, codes }: Tally): string {
  const why = Object.entries(codes).map(([code, count]) => `${count} ${code}`)
  const reasons = why.length > 0 ? ` (${why.join(', ')})` : ''
  return `${sent} sent, ${acked} acknowledged, ${refused} refused${reasons}, ${open} unanswered`
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

function filmLine(film: KillsReport['film']): string {
  if (film === undefined) return 'Film: not waited for.'
  if ('fault' in film) return `Film: ${film.fault}.`
  return `Film: ${Math.round(film.lengthMs / 1000)} s of ${Math.round(film.recordedMs / 1000)} s, playable.`
}
