import { maySchedule } from '@diemcau/core/roles.ts'
import { getTranslations } from 'next-intl/server'
import { Today } from '../../features/home/today.tsx'
import { requireActor } from '../../server/accounts/get-actor.ts'
import { getHome } from '../../server/home/get-home.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('home') }
}

export default async function HomePage() {
  const actor = await requireActor()
  const home = await getHome(actor)
  const codes = new Map([...home.live, ...home.next].map(meeting => [meeting.id, meeting.code]))
  return (
    <Today
      userName={actor.name}
      now={new Date().toISOString()}
      maySchedule={maySchedule(actor.role)}
      live={home.live}
      next={home.next}
      waiting={home.waiting.flatMap(one => {
        const code = codes.get(one.meetingId)
        return code ? [{ ...one, code }] : []
      })}
      recordings={home.recordings.filter(recording => recording.status === 'ready')}
    />
  )
}
