import 'server-only'
import type { HallChoice } from '../../../features/schedule/hall-picker.tsx'
import type { PersonChoice } from '../../../features/schedule/people-picker.tsx'
import { listPeople } from '../../../server/accounts/list-people.ts'
import { listHalls } from '../../../server/organisation/list-halls.ts'
import { getRuntime } from '../../../server/runtime.ts'
import type { Actor } from '../../../server/types.ts'

/** The halls and people the schedule form offers. */
export async function formChoices(actor: Actor): Promise<{
  halls: HallChoice[]
  people: PersonChoice[]
  mailsLeave: boolean
}> {
  const [halls, people] = await Promise.all([listHalls(actor), listPeople(actor)])
  return {
    halls: halls.map(({ id, name, unitName, order, hasAccount, contactEmail }) => ({
      id,
      name,
      unitName,
      order,
      isReachable: hasAccount || contactEmail !== '',
    })),
    mailsLeave: getRuntime().config.smtpUrl !== null,
    people: people.map(person => ({
      id: person.id,
      name: person.name,
      detail: [person.title, person.unitName].filter(Boolean).join(' – ') || person.email,
    })),
  }
}
