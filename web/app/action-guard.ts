import 'server-only'
import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { AppError, codeOf } from '@diemcau/core/errors.ts'
import { plainId } from '@diemcau/core/text/storable.ts'
import { unstable_rethrow } from 'next/navigation'
import { getLocale } from 'next-intl/server'
import { getActor } from '../server/accounts/get-actor.ts'
import { codeText, errorText } from '../server/errors.ts'
import { getRuntime } from '../server/runtime.ts'
import type { Actor } from '../server/types.ts'
import { SIGNED_OUT } from '../ui/signed-out.ts'
import { noteRefusal } from './note-refusal.ts'

const idSchema = plainId()

/**
 * An id as an action's caller sent it. Actions can be called with anything, and an object in the place of an id would
 * be a condition to the database. @throws AppError `not_found`
 */
export function idArgument(value: unknown): string {
  const id = idSchema.safeParse(value).data
  if (id === undefined) throw new AppError('not_found', 'what was given is no id')
  return id
}

/**
 * Runs what a server action is for, for whoever is signed in. Resolves to undefined, to the text of what went wrong in the
 * reader's language, or to SIGNED_OUT when the session has ended: the page then asks to sign in and sends it again.
 * Redirects pass through.
 */
export async function faultOf(work: (actor: Actor) => Promise<unknown>): Promise<string | undefined> {
  try {
    const actor = await getActor()
    if (!actor) return SIGNED_OUT
    await work(actor)
    return undefined
  } catch (error) {
    unstable_rethrow(error)
    if (codeOf(error) === 'not_signed_in') return SIGNED_OUT
    await noteRefusal(error)
    if (codeOf(error) === 'internal') getRuntime().log.error({ err: error }, 'an action failed')
    return errorText(await getLocale(), error)
  }
}

/** The same for a use case that answers a form: its codes become texts, whether answered or thrown. */
export async function formResultOf(work: (actor: Actor) => Promise<FormResult>): Promise<FormResult> {
  const locale = await getLocale()
  let answer: FormResult | undefined
  const message = await faultOf(async actor => {
    answer = await work(actor)
  })
  if (!answer) return { ok: false, message: message ?? codeText(locale, 'internal'), fields: {} }
  if (answer.ok) return answer
  const texts = Object.entries(answer.fields).map(([field, code]) => [field, codeText(locale, code)])
  return { ok: false, message: codeText(locale, answer.message), fields: Object.fromEntries(texts) }
}
