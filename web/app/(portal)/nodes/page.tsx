import { codeOf } from '@diemcau/core/errors.ts'
import { getTranslations } from 'next-intl/server'
import { NodesPage } from '../../../features/nodes/nodes-page.tsx'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { getNodes } from '../../../server/operations/get-nodes.ts'
import type { Actor } from '../../../server/types.ts'
import { orNotFound } from '../../page-guard.ts'
import { drain } from './actions.ts'

export async function generateMetadata() {
  return { title: (await getTranslations('portal.nav'))('nodes') }
}

export default async function MediaServersPage() {
  const actor = await requireActor('/nodes')
  return <NodesPage view={await orNotFound(viewOrAway(actor))} drain={drain} />
}

/** Null while no media server can be asked: the page says so and goes on asking. */
async function viewOrAway(actor: Actor) {
  try {
    return await getNodes(actor)
  } catch (error) {
    if (codeOf(error) === 'media_unavailable') return null
    throw error
  }
}
