import { AppError } from '@diemcau/core/errors.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting, mayDo } from './access.ts'
import { newHallCode } from './codes.ts'

/**
 * Gives a hall of a meeting another code and forgets the browsers that were confirmed for it: one of them may have come in by
 * the code that went to the wrong person. Who speaks for the hall now stays.
 */
export async function renewHallCode(tx: Tx, endpoint: { id: string; hallId: string | null }): Promise<void> {
  await tx.meetingEndpoint.update({ where: { id: endpoint.id }, data: { code: newHallCode() } })
  if (endpoint.hallId !== null) await tx.hallDevice.deleteMany({ where: { hallId: endpoint.hallId } })
}

/**
 * The code went to the wrong person, or was read out.
 * @throws AppError `not_found`, `forbidden`, `not_editable` when the meeting is over.
 */
export async function changeHallCode(actor: Actor, meetingId: string, endpointId: string): Promise<void> {
  await getRuntime().db.$transaction(async tx => {
    const { meeting, role } = await findVisibleMeeting(tx, actor, meetingId)
    if (!mayDo(actor, role, 'read_codes', meeting)) throw new AppError('forbidden', 'may not change codes')
    if (meeting.status !== 'scheduled' && meeting.status !== 'live')
      throw new AppError('not_editable', 'the meeting is over')
    const endpoint = await tx.meetingEndpoint.findFirst({ where: { id: endpointId, meetingId } })
    if (!endpoint) throw new AppError('not_found', `no endpoint ${endpointId} in this meeting`)
    await renewHallCode(tx, endpoint)
    await audit(tx, actor, {
      action: 'hall.code_changed',
      subject: { type: 'meeting', id: meetingId },
      detail: { endpointId },
    })
  })
}
