import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import type { Actor } from '../types.ts'
import { readSession } from './read-session.ts'

/** Read once per request, however many components ask. */
const currentSession = cache(async () => await readSession(await headers()))

export async function getActor(): Promise<Actor | null> {
  return (await currentSession())?.actor ?? null
}

export async function getSessionId(): Promise<string | null> {
  return (await currentSession())?.sessionId ?? null
}

/** Redirects to the sign-in page; `next` is where to come back to (a path of ours). */
export async function requireActor(next?: string): Promise<Actor> {
  const actor = await getActor()
  if (actor) return actor
  redirect(
    next?.startsWith('/') && !next.startsWith('//')
      ? `/sign-in?next=${encodeURIComponent(next)}`
      : '/sign-in',
  )
}
