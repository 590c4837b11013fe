/**
 * Who has the floor, as whoever leads the meeting says it through the API: a participant attribute (UpdateParticipant, or the token).
 * The microphone of who has it is heard however many are open (decision 0032).
 */
import { FLOOR_ATTRIBUTE } from '@diemcau/core/contracts/participant.ts'
import type { Member } from '../member/room-view.ts'

/** Whoever may write the own attributes cannot give the floor to oneself: of such a one the attribute means nothing. */
export const hasFloor = (member: Pick<Member, 'attributes' | 'permission'> | undefined): boolean =>
  member !== undefined && !member.permission.canUpdateMetadata && Boolean(member.attributes[FLOOR_ATTRIBUTE])
