import type { RecordingView } from '@diemcau/core/contracts/portal.ts'

export type { RecordingView as RecordingItem } from '@diemcau/core/contracts/portal.ts'

/** Still changing by itself, so the page asks again. */
export const isUnderWay = (status: RecordingView['status']): boolean =>
  status !== 'ready' && status !== 'failed'
