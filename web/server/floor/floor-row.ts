import type { FloorEvent } from '@diemcau/core/contracts/floor.ts'

/** A committed event and who may see it. */
export interface FloorRow {
  seq: number
  audience: 'everyone' | 'moderators'
  /** With audience `moderators`: who gets it too. */
  identity: string | null
  event: FloorEvent
}
