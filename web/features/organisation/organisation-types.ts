/** Halls and units as the administration pages show and send them. */
export interface HallItem {
  id: string
  name: string
  unitId: string
  unitName: string
  address: string
  order: number
}
export interface UnitItem {
  id: string
  name: string
  kind: string
  parentId: string | null
  order: number
}

export interface HallValues {
  id: string | null
  name: string
  unitId: string
  address: string
  order: number
}
