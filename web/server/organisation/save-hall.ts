import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { normalAddress } from '@diemcau/core/text/addresses.ts'
import { lineText } from '@diemcau/core/text/clean-text.ts'
import { plainId } from '@diemcau/core/text/storable.ts'
import { z } from 'zod'
import { assertMayAdminister } from '../accounts/list-users.ts'
import { audit } from '../audit.ts'
import { formFailure, parseForm } from '../meetings/parse-input.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, HallInput } from '../types.ts'

const schema: z.ZodType<HallInput> = z.object({
  id: plainId().nullable(),
  name: lineText({ min: 1, max: 160 }),
  unitId: plainId(),
  address: lineText({ max: 300 }),
  order: z.number().int().min(0).max(100_000),
  contactName: lineText({ max: 160 }),
  contactEmail: lineText({ max: 300 }).transform((text, context) => {
    const email = text === '' ? '' : normalAddress(text)
    if (email === null) context.addIssue({ code: 'custom', message: 'email_wrong' })
    return email ?? ''
  }),
  contactPhone: lineText({ max: 40 }).refine(text => /^[\d\s+().;,-]*$/.test(text), 'phone_wrong'),
})

/** A new name holds for meetings scheduled from now on; meetings keep the name they were scheduled with. */
export async function saveHall(actor: Actor, rawInput: unknown): Promise<FormResult> {
  assertMayAdminister(actor)
  const parsed = parseForm(schema, rawInput)
  if ('failure' in parsed) return parsed.failure
  const { id, ...fields } = parsed.data
  return await getRuntime().db.$transaction(async (tx): Promise<FormResult> => {
    if (!(await tx.unit.findUnique({ where: { id: fields.unitId } })))
      return formFailure({ unitId: 'unknown_unit' })
    const hallId = id ?? newId<string>('HA_')
    if (id === null) await tx.hall.create({ data: { id: hallId, ...fields } })
    else {
      const { count } = await tx.hall.updateMany({ where: { id, validTo: null }, data: fields })
      if (count === 0) throw new AppError('not_found', `no hall ${id}`)
    }
    await audit(tx, actor, {
      action: id === null ? 'hall.created' : 'hall.changed',
      subject: { type: 'hall', id: hallId },
      detail: { name: fields.name },
    })
    return { ok: true, id: hallId }
  })
}
