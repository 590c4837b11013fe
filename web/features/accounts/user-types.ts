import type { AccountRole } from '@diemcau/core/roles.ts'
import type { ActionResult } from '../../ui/action-result.ts'

/** Accounts as the administration page shows and sends them. */
export interface UserItem {
  id: string
  name: string
  email: string
  role: AccountRole
  title: string
  unitId: string | null
  unitName: string | null
  hallId: string | null
  hallName: string | null
  disabled: boolean
}
export interface UserValues {
  id: string | null
  name: string
  email: string
  role: AccountRole
  title: string
  unitId: string | null
  hallId: string | null
  password: string | null
}
export interface Choice {
  id: string
  name: string
  detail?: string
}

export interface UserActions {
  save: (values: UserValues) => Promise<ActionResult>
  /** Resolve to the text of what went wrong, or undefined. */
  setDisabled: (userId: string, isDisabled: boolean) => Promise<string | undefined>
  revokeSessions: (userId: string) => Promise<string | undefined>
}
