import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import type { Actor } from '../types.ts'
import { askedPath, PATH_HEADER } from './asked-path.ts'
import { readSession } from './read-session.ts'

/** Read once per request, however many components ask. */
const currentSession = cache(async () => await readSession(await headers()))

export async function getActor(): Promise<Actor | null> {
  return (await currentSession())?.actor ?? null
}

export async function getSessionId(): Promise<string | null> {
  return (await currentSession())?.sessionId ?? null
}

/** Redirects to the sign-in page, which leads back to the address asked for with its filters, or to `next`. */
export async function requireActor(next?: string): Promise<Actor> {
  const actor = await getActor()
  if (actor) return actor
  const path = askedPath((await headers()).get(PATH_HEADER), next)
  redirect(path === null ? '/sign-in' : `/sign-in?next=${encodeURIComponent(path)}`)
}
