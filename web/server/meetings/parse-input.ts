import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import type { ZodType } from 'zod'

const codes: Record<string, string> = {
  too_small: 'too_short',
  too_big: 'too_long',
  invalid_type: 'required',
}

export const formFailure = (
  fields: Record<string, string>,
  message = 'invalid_input',
): FormResult & { ok: false } => ({
  ok: false,
  message,
  fields,
})

/** Checked input, or the form's answer with a code of errors.json per field path. */
export function parseForm<T>(
  schema: ZodType<T>,
  input: unknown,
): { data: T } | { failure: FormResult & { ok: false } } {
  const parsed = schema.safeParse(input)
  if (parsed.success) return { data: parsed.data }
  const fields: Record<string, string> = {}
  for (const issue of parsed.error.issues) {
    const isEmpty = issue.code === 'too_small' && Number(issue.minimum) <= 1
    const code =
      issue.code === 'custom' ? issue.message : isEmpty ? 'required' : (codes[issue.code] ?? 'invalid')
    fields[issue.path.join('.')] ??= code
  }
  return { failure: formFailure(fields) }
}
