/** What visitors did, added up since their process began. Sent from process to process. */
export interface Tally {
  /** How often each thing was done, and what failed by its message. */
  done: Record<string, number>
  failed: Record<string, number>
  /** Joins under way when their process ended are neither. */
  joins: { succeeded: number; failed: number }
  /** Frames decoded by the visitors that look. */
  frames: { video: number; audio: number }
  /** Seconds of one core. */
  cpuS: number
}

export const newTally = (): Tally => ({
  done: {},
  failed: {},
  joins: { succeeded: 0, failed: 0 },
  frames: { video: 0, audio: 0 },
  cpuS: 0,
})

export function add(counts: Record<string, number>, name: string, number = 1): void {
  counts[name] = (counts[name] ?? 0) + number
}

/** Adds `part` to `whole`. */
export function addTally(whole: Tally, part: Tally): void {
  for (const [name, number] of Object.entries(part.done)) add(whole.done, name, number)
  for (const [name, number] of Object.entries(part.failed)) add(whole.failed, name, number)
  whole.joins.succeeded += part.joins.succeeded
  whole.joins.failed += part.joins.failed
  whole.frames.video += part.frames.video
  whole.frames.audio += part.frames.audio
  whole.cpuS += part.cpuS
}
