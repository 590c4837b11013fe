import {
  type AppError,
  asAppError,
  codeOf,
  type ErrorKind,
  isErrorCode,
  kindOfCode,
} from '@diemcau/core/errors.ts'
import { statusOf } from '@diemcau/core/http/status.ts'
import en from '../messages/en/errors.json' with { type: 'json' }
import vi from '../messages/vi/errors.json' with { type: 'json' }

const texts: Record<string, Record<string, string>> = { vi, en }

/** What people read of a code that has no text of its own, such as those of the media side. */
const TEXT_OF_KIND: Record<ErrorKind, keyof typeof vi> = {
  invalid_argument: 'invalid_input',
  malformed: 'invalid_input',
  too_large: 'too_long',
  bad_route: 'not_found',
  method_not_allowed: 'not_found',
  unauthenticated: 'not_signed_in',
  permission_denied: 'forbidden',
  not_found: 'not_found',
  already_exists: 'internal',
  failed_precondition: 'not_ready',
  unimplemented: 'internal',
  resource_exhausted: 'rate_limited',
  unavailable: 'media_unavailable',
  canceled: 'internal',
  remote_failed: 'media_unavailable',
  internal: 'internal',
}

/** The text for people of a code, of an error or of a form's field; unknown codes say that something went wrong and reveal nothing. */
export function codeText(locale: string, code: string, detail: AppError['detail'] = {}): string {
  const table: Record<string, string> = texts[locale] ?? vi
  const fallback = isErrorCode(code) ? TEXT_OF_KIND[kindOfCode(code)] : 'internal'
  const text = table[code] ?? table[fallback] ?? code
  return text.replace(/\{(\w+)\}/g, (whole: string, name: string) => String(detail[name] ?? whole))
}

export const errorText = (locale: string, error: unknown): string =>
  codeText(locale, codeOf(error), asAppError(error)?.detail)

/** A JSON answer with the code, for every route. */
export const errorResponse = (error: unknown): Response =>
  Response.json({ error: codeOf(error) }, { status: statusOf(error) })
