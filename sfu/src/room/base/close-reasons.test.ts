import { DisconnectReason, LeaveRequest_Action } from '@livekit/protocol'
import { expect, it } from 'vitest'
import {
  isSilent,
  isToldToComeBack,
  leaveRequestOf,
  type ParticipantCloseReason,
  wireReasonOf,
} from './close-reasons.ts'

const stay = ['DISCONNECT', false]
const comeBack = ['RECONNECT', true]

/** The table “Ways to go” of docs/signalling.md. */
const ways: Record<ParticipantCloseReason, [string, unknown[]]> = {
  client_left: ['CLIENT_INITIATED', stay],
  duplicate_identity: ['DUPLICATE_IDENTITY', stay],
  removed: ['PARTICIPANT_REMOVED', stay],
  owner_left: ['PARTICIPANT_REMOVED', stay],
  moved: ['MIGRATION', comeBack],
  room_deleted: ['ROOM_DELETED', stay],
  room_closed: ['ROOM_CLOSED', stay],
  node_stopping: ['SERVER_SHUTDOWN', comeBack],
  signal_lost: ['SIGNAL_CLOSE', comeBack],
  media_lost: ['CONNECTION_TIMEOUT', comeBack],
  worker_died: ['MIGRATION', comeBack],
  join_failed: ['JOIN_FAILURE', stay],
  bad_sdp: ['MEDIA_FAILURE', stay],
  data_lost: ['STATE_MISMATCH', comeBack],
  data_flood: ['STATE_MISMATCH', comeBack],
  simulated_reconnect: ['STATE_MISMATCH', comeBack],
  simulated_loss: ['SIGNAL_CLOSE', comeBack],
  simulated_leave: ['UNKNOWN_REASON', stay],
}

const cases = Object.entries(ways).map(([close, [wire, told]]) => [close, wire, told] as const)

it.each(cases)('%s is told to the client and to the others as %s', (name, wire, told) => {
  const close = name as ParticipantCloseReason
  const { reason, action, canReconnect } = leaveRequestOf(close)
  expect([DisconnectReason[reason], LeaveRequest_Action[action], canReconnect]).toEqual([wire, ...told])
  expect(DisconnectReason[wireReasonOf(close)]).toBe(wire)
  expect(isSilent(close)).toBe(['client_left', 'simulated_loss'].includes(close))
  expect(isToldToComeBack(close)).toBe(told === comeBack && close !== 'simulated_loss')
})
