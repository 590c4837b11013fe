import { mayAdminister } from '@diemcau/core/roles.ts'
import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { UsersPage } from '../../../features/accounts/users-page.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { listUsers } from '../../../server/accounts/list-users.ts'
import { listHalls } from '../../../server/organisation/list-halls.ts'
import { listUnits } from '../../../server/organisation/list-units.ts'
import { revokeSessionsOf, saveUserAccount, setDisabled } from './actions.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('users') }
}

export default async function AllUsersPage() {
  const actor = await requireActor('/users')
  if (!mayAdminister(actor.role)) notFound()
  const [users, halls, units] = await Promise.all([listUsers(actor), listHalls(actor), listUnits(actor)])
  return (
    <UsersPage
      users={users}
      halls={halls.map(hall => ({ id: hall.id, name: hall.name, detail: hall.unitName }))}
      units={units.map(unit => ({ id: unit.id, name: unit.name }))}
      ownId={actor.userId}
      actions={{ save: saveUserAccount, setDisabled, revokeSessions: revokeSessionsOf }}
    />
  )
}
