/** Halls and units as the administration pages show and send them. */
export type {
  HallInput as HallValues,
  HallView as HallItem,
  UnitView as UnitItem,
} from '@diemcau/core/contracts/portal.ts'
