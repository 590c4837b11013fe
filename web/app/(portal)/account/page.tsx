import { getTranslations } from 'next-intl/server'
import { AccountPage } from '../../../features/accounts/account-page.tsx'
import { PreferenceFields } from '../../../features/shell/preferences.tsx'
import { getSessionId, requireActor } from '../../../server/accounts/get-actor.ts'
import { listSessions } from '../../../server/accounts/list-sessions.ts'
import { setLocale, setTheme } from '../../preference-actions.ts'
import { readTheme } from '../../preferences.ts'
import { changeOwnPassword, revokeOne, revokeOthers } from './actions.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.account'))('title') }
}

export default async function OwnAccountPage() {
  const actor = await requireActor('/account')
  return (
    <AccountPage
      user={actor}
      sessions={await listSessions(actor, await getSessionId())}
      preferences={<PreferenceFields theme={await readTheme()} actions={{ setTheme, setLocale }} />}
      revoke={revokeOne}
      revokeOthers={revokeOthers}
      changePassword={changeOwnPassword}
    />
  )
}
