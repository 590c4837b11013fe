import type { LoadSample } from '@diemcau/core/contracts/nodes-report.ts'

/** The size of a chart in its own units; it is stretched to the room it has. */
export const CHART = { width: 120, height: 32 } as const
const MINUTE_MS = 60_000
const MINUTES = 60

export interface LoadLine {
  /** Of the last sample; null: there is none, or it says nothing. */
  now: number | null
  highest: number | null
  /** Path data (SVG 2, 9.3) in the units of `CHART`: the highest of each minute, broken where a minute has nothing. */
  path: string
}

/** One figure over the hour before the last sample. @param least what the top of the chart stands for at least */
export function loadLine(
  samples: readonly LoadSample[],
  read: (sample: LoadSample) => number | null,
  least: number,
): LoadLine {
  const last = samples.at(-1)
  if (!last) return { now: null, highest: null, path: '' }
  const minutes: (number | null)[] = Array.from({ length: MINUTES }, () => null)
  for (const sample of samples) {
    const at = MINUTES - 1 - Math.floor((last.atMs - sample.atMs) / MINUTE_MS)
    const value = read(sample)
    if (value !== null && at >= 0 && at < MINUTES) minutes[at] = Math.max(minutes[at] ?? 0, value)
  }
  const values = minutes.filter(value => value !== null)
  const highest = values.length === 0 ? null : Math.max(...values)
  return { now: read(last), highest, path: pathOf(minutes, Math.max(least, highest ?? 0)) }
}

function pathOf(values: readonly (number | null)[], top: number): string {
  const step = CHART.width / (values.length - 1)
  return values
    .map((value, at) => {
      if (value === null) return ''
      const place = `${round(at * step)} ${round(CHART.height * (1 - value / top))}`
      if ((values[at - 1] ?? null) !== null) return `L${place}`
      // A minute alone is a dash.
      return (values[at + 1] ?? null) === null ? `M${place}h-2` : `M${place}`
    })
    .join('')
}

const round = (value: number): number => Math.round(value * 10) / 10

/** The worker that has most to do; null: none says what it does. */
export const busiestWorker = ({ workers }: LoadSample): number | null => {
  const known = workers.flatMap(({ cpu }) => (cpu === null ? [] : [cpu]))
  return known.length === 0 ? null : Math.max(...known)
}
