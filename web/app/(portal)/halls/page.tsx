import { mayAdminister } from '@diemcau/core/roles.ts'
import { notFound } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { OrganisationPage } from '../../../features/organisation/organisation-page.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { listHalls } from '../../../server/organisation/list-halls.ts'
import { listUnits } from '../../../server/organisation/list-units.ts'
import { retireHall, saveHallValues } from './actions.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('halls') }
}

export default async function HallsPage() {
  const actor = await requireActor('/halls')
  if (!mayAdminister(actor.role)) notFound()
  const [halls, units] = await Promise.all([listHalls(actor), listUnits(actor)])
  return <OrganisationPage halls={halls} units={units} saveHall={saveHallValues} removeHall={retireHall} />
}
