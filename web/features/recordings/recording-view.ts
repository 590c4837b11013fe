import type { RecordingState } from '@diemcau/core/contracts/floor.ts'

/** A recording as the pages show it. */
export interface RecordingItem {
  id: string
  meetingId: string
  title: string
  status: RecordingState['status']
  requestedAt: string
  startedAt: string | null
  endedAt: string | null
  durationMs: number | null
  sizeBytes: number | null
  /** 0..100 while composing. */
  progress: number | null
  error: string | null
  may: { play: boolean; download: boolean; delete: boolean }
}

/** Still changing by itself, so the page asks again. */
export const isUnderWay = (status: RecordingItem['status']): boolean =>
  status !== 'ready' && status !== 'failed'
