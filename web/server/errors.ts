import { AppError } from '@diemcau/core/errors.ts'
import en from '../messages/en/errors.json' with { type: 'json' }
import vi from '../messages/vi/errors.json' with { type: 'json' }

const texts: Record<string, Record<string, string>> = { vi, en }

/** The text for people of an error code; unknown codes say that something went wrong and reveal nothing. */
export function codeText(locale: string, code: string, detail: AppError['detail'] = {}): string {
  const table: Record<string, string> = texts[locale] ?? vi
  const text = table[code] ?? table.internal ?? code
  return text.replace(/\{(\w+)\}/g, (whole: string, name: string) => String(detail[name] ?? whole))
}

/**
 * By name, not by class: routes are bundled apart from main.ts, so that an AppError of the shared runtime is of another
 * copy of the class.
 */
function asAppError(error: unknown): AppError | null {
  if (error instanceof AppError) return error
  return error instanceof Error && error.name === 'AppError' && 'code' in error ? (error as AppError) : null
}

export const errorCode = (error: unknown): string => asAppError(error)?.code ?? 'internal'

export const errorText = (locale: string, error: unknown): string =>
  codeText(locale, errorCode(error), asAppError(error)?.detail)

const statuses: Record<string, number> = {
  not_found: 404,
  forbidden: 403,
  not_signed_in: 401,
  invalid_input: 400,
  invalid_signature: 401,
  media_unavailable: 503,
  not_ready: 409,
}

/** The HTTP edge's table: a JSON answer with the code. */
export function errorResponse(error: unknown): Response {
  const code = errorCode(error)
  return Response.json({ error: code }, { status: statuses[code] ?? (code === 'internal' ? 500 : 400) })
}
