import 'server-only'
import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { unstable_rethrow } from 'next/navigation'
import { getLocale } from 'next-intl/server'
import { z } from 'zod'
import { codeText, errorCode, errorText } from '../server/errors.ts'
import { getRuntime } from '../server/runtime.ts'

/**
 * An id as an action's caller sent it. Actions can be called with anything, and an object in the place of an id would
 * be a condition to the database.
 */
export const idArgument = (value: unknown): string => z.string().min(1).max(64).parse(value)

/**
 * Runs what a server action is for. Resolves to undefined, or to the text of what went wrong in the reader's language;
 * redirects pass through.
 */
export async function faultOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    unstable_rethrow(error)
    if (errorCode(error) === 'internal') getRuntime().log.error({ err: error }, 'an action failed')
    return errorText(await getLocale(), error)
  }
}

/** The same for a use case that answers a form: its codes become texts, whether answered or thrown. */
export async function formResultOf(work: () => Promise<FormResult>): Promise<FormResult> {
  const locale = await getLocale()
  let answer: FormResult | undefined
  const message = await faultOf(async () => {
    answer = await work()
  })
  if (!answer) return { ok: false, message: message ?? codeText(locale, 'internal'), fields: {} }
  if (answer.ok) return answer
  const texts = Object.entries(answer.fields).map(([field, code]) => [field, codeText(locale, code)])
  return { ok: false, message: codeText(locale, answer.message), fields: Object.fromEntries(texts) }
}
