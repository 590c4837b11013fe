import { type CaptureEvent, END_TO_END_ENCRYPTED } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
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

  it('is told who is heard when it comes, however long that one has spoken evenly', async () => {
    const rooms = new TestRooms()
    const an = await rooms.join('an')
    const hears = (level: number) =>
      rooms
        .roomMedia()
        .listener.onSpeakers([{ participantId: an.participant.id, trackId: 'TR_x' as never, level }])
    hears(0.5)
    const events: CaptureEvent[] = []
    await rooms.registry.openCapture('R', event => events.push(event))
    hears(0.5)
    expect(events.map(({ type }) => type)).toEqual(['joined', 'speakers'])
    expect(events[1]).toMatchObject({ participantIds: [an.participant.id] })
    await rooms.registry.close()
  })

  it('is told when a track comes no more, once and of which consuming, and may have it again', async () => {
    const rooms = new TestRooms()
    const an = await rooms.join('an')
    const trackId = await publish(an, 'cam')
    const events: CaptureEvent[] = []
    const capture = await rooms.registry.openCapture('R', event => events.push(event))
    const consume = (port: number) => capture.handle({ type: 'consume', trackId, address: '127.0.0.1', port })
    await consume(9)
    const { listener } = rooms.roomMedia().captures[0]!
    listener.onLost(trackId, 'worker_died')
    // What it sends before it has heard that changes nothing.
    rooms.roomMedia().captures[0]!.resume = async () => {
      throw new AppError('track_not_found', 'not captured')
    }
    await capture.handle({ type: 'resume', trackId })
    await consume(10)
    expect(events.slice(1)).toMatchObject([
      { type: 'consuming', trackId, port: 9 },
      { type: 'consume_failed', trackId, port: 9, reason: 'worker_died' },
      { type: 'consuming', trackId, port: 10 },
    ])
    // Nor does a loss of what it has let go of.
    await capture.handle({ type: 'release', trackId })
    listener.onLost(trackId, 'way_lost')
    expect(events).toHaveLength(4)
    await rooms.registry.close()
  })
})
