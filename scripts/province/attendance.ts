/** Attendance per hall as the portal computes it, against what the halls themselves know. Pure. */
import { mergeIntervals } from '@diemcau/core/attendance/merge-intervals.ts'
import type { AttendanceReport } from '@diemcau/core/contracts/report.ts'
import type { Stretch } from '../chaos/kills/spans.ts'

/** Leaves are told in whole seconds, and that of a killed node's people is its last sign of life: so much may differ at each end. */
const SLACK_MS = 4_000
/** As the portal's report: a shorter absence is none. */
const RECONNECT_MS = 30_000

export interface HallTruth {
  endpointId: string
  name: string
  /** When it was in the room. */
  stays: readonly Stretch[]
}

export interface HallFindings {
  halls: number
  /** Halls whose row says what was. */
  right: number
  /** Greatest difference of the time present, ms. */
  worstMs: number
  faults: string[]
}

export function checkHalls(
  halls: readonly HallTruth[],
  endpoints: AttendanceReport['endpoints'],
): HallFindings {
  const rows = new Map(endpoints.map(one => [one.endpointId, one]))
  const faults: string[] = []
  let worstMs = 0
  let right = 0
  for (const hall of halls) {
    const found = faultsOf(hall, rows.get(hall.endpointId))
    if (found.faults.length === 0) right += 1
    faults.push(...found.faults)
    worstMs = Math.max(worstMs, found.differenceMs)
  }
  return { halls: halls.length, right, worstMs, faults }
}

function faultsOf(
  { name, stays }: HallTruth,
  row: AttendanceReport['endpoints'][number] | undefined,
): { faults: string[]; differenceMs: number } {
  const isAbsent = row === undefined || row.state === 'absent'
  if (isAbsent || stays.length === 0) {
    const isRight = isAbsent && stays.length === 0
    const [was, said] = stays.length > 0 ? ['there', 'absent'] : ['not there', row?.state]
    return {
      faults: isRight ? [] : [`attendance: ${name} was ${was}, and is written down as ${said}`],
      differenceMs: 0,
    }
  }
  const was = mergeIntervals([...stays], RECONNECT_MS)
  const trueMs = was.reduce((sum, { from, to }) => sum + ((to ?? from) - from), 0)
  const differenceMs = Math.abs(row.totalMs - trueMs)
  return {
    faults: [
      ...(row.state === 'left' ? [] : [`attendance: ${name} has left, and is written down as present`]),
      ...(differenceMs <= SLACK_MS * Math.max(was.length, row.intervals.length)
        ? []
        : [
            `attendance: ${name} was there for ${seconds(trueMs)}, and is written down with ${seconds(row.totalMs)}`,
          ]),
    ],
    differenceMs,
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
