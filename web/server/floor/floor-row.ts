import type { FloorEvent } from '@diemcau/core/contracts/floor.ts'
import type { Audience } from '@diemcau/core/floor/audience.ts'

/** A committed event and who may see it (core/src/floor/audience.ts). */
export interface FloorRow {
  seq: number
  audience: Audience
  /** Who gets it beside the audience. */
  identity: string | null
  event: FloorEvent
}
