/** The province's meeting as lines for a person. Pure. */
import type { Tally } from '../chaos/kills/ledger.ts'
import type { MachineLoad } from './machine-load.ts'
import type { Spread } from './outages.ts'
import type { AttendanceFindings } from './read-after.ts'

/** Of one stretch of the meeting, over all who were in. */
export interface MediaFigures {
  seconds: number
  packets: number
  lost: number
  mbit: number
  longGaps: number
  longestGapMs: number
  freezes: number
  frozenMs: number
  /** Connections lost since the beginning. */
  breaks: number
}

export interface ProvinceReport {
  size: { halls: number; delegates: number; real: number; nodes: number; seconds: number }
  /** Places the meeting had to be given in the database. */
  raisedPlaces: number | undefined
  joins: Record<'admittedMs' | 'enteredMs' | 'firstPacketMs' | 'firstPictureMs', Spread | undefined>
  before: MediaFigures
  /** Longest times without media, ms; undefined: nothing was killed. */
  kill:
    | {
        node: string
        /** People it served. */
        hit: number
        nodeBackMs: number
        backMs: Spread | undefined
        ofHitMs: Spread | undefined
        ofWatchersMs: Spread | undefined
        ofOthersMs: Spread | undefined
        ofRealMs: Spread | undefined
      }
    | undefined
  after: MediaFigures | undefined
  attendance: AttendanceFindings
  floor: { hands: Tally; calls: Tally; slowestMs: number }
  film: { lengthMs: number; recordedMs: number } | undefined
  load: MachineLoad & { stallMs: number; waitMs: number }
  /** One line for each thing that was lost. */
  lost: string[]
}

/** Below this nothing is left to give; above it the tool is late itself. */
const LEAST_IDLE_PERCENT = 5
const MOST_LATE_MS = 100
const MOST_LOST_LINES = 30

/** Why figures are those of an overloaded machine, a reason each. */
export function saturationOf({ load }: Pick<ProvinceReport, 'load'>): string[] {
  return [
    ...(load.idlePercent < LEAST_IDLE_PERCENT
      ? [
          `the processors were idle for ${load.idlePercent.toFixed(1)} % only (all else on the machine took ${load.othersPercent.toFixed(0)} % of a core)`,
        ]
      : []),
    ...(load.toolLateMs.p99 > MOST_LATE_MS
      ? [`the tool's own signalling was late by ${load.toolLateMs.p99.toFixed(0)} ms (p99)`]
      : []),
  ]
}

export function formatProvince(report: ProvinceReport): string[] {
  const { size, joins, before, kill, after, attendance, floor, film, load, lost, raisedPlaces } = report
  const saturated = saturationOf(report)
  return [
    `${size.halls} halls, ${size.delegates} delegates and ${size.real} of them more on the stock SDK, ${size.nodes} nodes, ${size.seconds} s`,
    ...(raisedPlaces === undefined
      ? []
      : [`places: raised to ${raisedPlaces} in the database; the portal's pages schedule meetings of 500`]),
    `let in by the portal: ${spread(joins.admittedMs)}`,
    `into the room, connected and publishing: ${spread(joins.enteredMs)}`,
    `join to first packet: ${spread(joins.firstPacketMs)}; to first whole picture: ${spread(joins.firstPictureMs)}`,
    `${kill ? 'before the kill' : 'the meeting'}: ${media(before)}`,
    ...(kill
      ? [
          `${kill.node} killed, which served ${kill.hit}; it was back after ${ms(kill.nodeBackMs)}`,
          `  its people's connections stood again: ${spread(kill.backMs)}`,
          `  without some of their media: its people ${spread(kill.ofHitMs)}`,
          `  others who watch its halls ${spread(kill.ofWatchersMs)}`,
          `  all others ${spread(kill.ofOthersMs)}`,
          `  on the stock SDK, decoded ${spread(kill.ofRealMs)}`,
        ]
      : []),
    ...(after ? [`after it: ${media(after)}`] : []),
    `attendance: ${attendance.right} of ${attendance.halls} halls as it was, ${ms(attendance.worstMs)} apart at worst; ${attendance.connections} connections`,
    `hands: ${told(floor.hands)}; calls: ${told(floor.calls)}; slowest answer ${ms(floor.slowestMs)}`,
    `film: ${film ? `${seconds(film.lengthMs)} of ${seconds(film.recordedMs)} recorded` : 'none to judge'}`,
    ...Object.entries(load.percent).map(
      ([name, percent]) => `cpu ${name}: ${percent.toFixed(1)} % of a core`,
    ),
    `cpu all else on the machine: ${load.othersPercent.toFixed(1)} % of a core`,
    `processors idle: ${load.idlePercent.toFixed(0)} %, ${load.leastIdlePercent.toFixed(0)} % in the busiest two seconds`,
    `late: the tool's signalling ${ms(load.toolLateMs.p99)} (p99), ${ms(load.toolLateMs.worst)} at worst; a process with nothing to do ${ms(load.waitMs)} at worst, of highest priority ${ms(load.stallMs)}`,
    saturated.length === 0
      ? 'the machine was not saturated'
      : `SATURATED: ${saturated.join('; ')}. Times are those of an overloaded machine.`,
    ...(lost.length === 0
      ? ['nothing was lost']
      : [
          `LOST: ${lost.length}`,
          ...lost.slice(0, MOST_LOST_LINES).map(line => `  ${line}`),
          ...(lost.length > MOST_LOST_LINES ? [`  and ${lost.length - MOST_LOST_LINES} more`] : []),
        ]),
  ]
}

const ms = (value: number): string => `${Math.round(value)} ms`
const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`
const spread = (one: Spread | undefined): string =>
  one === undefined ? '–' : `p50 ${ms(one.p50)}, p95 ${ms(one.p95)}, worst ${ms(one.worst)} (of ${one.count})`
const told = ({ sent, acked, refused, open }: Tally): string =>
  `${acked} of ${sent} acknowledged, ${refused} refused, ${open} open`

function media(one: MediaFigures): string {
  const share = one.packets + one.lost > 0 ? (one.lost / (one.packets + one.lost)) * 100 : 0
  return (
    `${one.packets} packets (${Math.round(one.packets / one.seconds)}/s, ${one.mbit.toFixed(1)} Mbit/s), ${one.lost} lost (${share.toFixed(3)} %); ` +
    `gaps over 200 ms: ${one.longGaps}, longest ${ms(one.longestGapMs)}; freezes: ${one.freezes}, ${seconds(one.frozenMs)}; connections lost so far: ${one.breaks}`
  )
}
