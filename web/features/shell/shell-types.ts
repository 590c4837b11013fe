import type { AccountRole } from '@diemcau/core/roles.ts'
import type { PreferenceActions, ThemeChoice } from './preference-types.ts'

interface ShellUser {
  name: string
  email: string
  role: AccountRole
}

export interface ShellProps {
  user: ShellUser
  theme: ThemeChoice
  actions: PreferenceActions & { signOut: () => Promise<void> }
}
