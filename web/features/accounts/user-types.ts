import type { UserInput } from '@diemcau/core/contracts/portal.ts'
import type { ActionResult } from '../../ui/action-result.ts'

export type { UserInput as UserValues, UserView as UserItem } from '@diemcau/core/contracts/portal.ts'

export interface Choice {
  id: string
  name: string
  detail?: string
}

export interface UserActions {
  save: (values: UserInput) => Promise<ActionResult>
  /** Resolve to the text of what went wrong, or undefined. */
  setDisabled: (userId: string, isDisabled: boolean) => Promise<string | undefined>
  revokeSessions: (userId: string) => Promise<string | undefined>
}
