import type { ParticipantAttributes } from '@diemcau/core/contracts/participant.ts'
import { createAccessTokenVerifier } from '@diemcau/core/livekit/access-token.ts'
import { expect, it } from 'vitest'
import { mintJoinToken } from './mint-join-token.ts'
import type { RoomSettings } from './room-settings.ts'

const KEY = { key: 'key', secret: '0123456789abcdef0123456789abcdef' }

/** What the media server reads in the token of somebody like that. */
async function grantsOf(attributes: Pick<ParticipantAttributes, 'role' | 'endpointId'>) {
  const token = await mintJoinToken(
    { apiKey: KEY.key, apiSecret: KEY.secret },
    {
      room: 'MT_1',
      identity: 'user:1',
      name: 'An',
      attributes: { hall: '', unit: '', order: '0', ...attributes },
      sessionId: null,
      isMicrophoneHeld: false,
      settings: {} as RoomSettings,
    },
  )
  return (await createAccessTokenVerifier([KEY])(token)).video
}

it('keeps the seats of those who run the meeting, and of the halls', async () => {
  for (const role of ['chair', 'secretary', 'operator'] as const)
    expect(await grantsOf({ role, endpointId: '' })).toMatchObject({ keptSeat: true, canPublish: true })
  expect(await grantsOf({ role: 'delegate', endpointId: 'hall-1' })).toMatchObject({ keptSeat: true })
})

it('keeps none for a guest, a delegate without a hall, or a viewer', async () => {
  expect((await grantsOf({ role: 'guest', endpointId: '' })).keptSeat).toBeUndefined()
  expect((await grantsOf({ role: 'delegate', endpointId: '' })).keptSeat).toBeUndefined()
  expect((await grantsOf({ role: 'viewer', endpointId: 'hall-1' })).keptSeat).toBeUndefined()
})
