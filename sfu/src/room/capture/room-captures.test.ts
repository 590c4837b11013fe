import { type CaptureEvent, END_TO_END_ENCRYPTED } from '@diemcau/core/contracts/capture.ts'
import { Encryption_Type } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { publish, TestRooms } from '../../../test/room-support/test-room.ts'

describe('a recorder', () => {
  it('is told which tracks are end-to-end encrypted and gets only the others', async () => {
    const rooms = new TestRooms()
    const an = await rooms.join('an')
    const open = await publish(an, 'open')
    const sealed = await publish(an, 'sealed', { encryption: Encryption_Type.GCM })
    const events: CaptureEvent[] = []
    const capture = await rooms.registry.openCapture('R', event => events.push(event))
    expect(events[0]).toMatchObject({
      type: 'joined',
      tracks: [
        { trackId: open, encrypted: false },
        { trackId: sealed, encrypted: true },
      ],
    })
    for (const trackId of [open, sealed])
      await capture.handle({ type: 'consume', trackId, address: '127.0.0.1', port: 9 })
    expect(events.slice(-2)).toMatchObject([
      { type: 'consuming', trackId: open },
      { type: 'consume_failed', trackId: sealed, reason: END_TO_END_ENCRYPTED },
    ])
    await rooms.registry.close()
  })
})
