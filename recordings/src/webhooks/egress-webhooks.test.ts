import { signWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import { newRecording, type RecordingEvent, reduceRecording } from '@diemcau/core/recording/status.ts'
import { EgressStatus } from '@livekit/protocol'
import { WebhookReceiver } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { egressInfoOf } from '../server/egress-info.ts'
import { eventOf, webhookBody } from './egress-webhooks.ts'

const key = { key: 'devkey', secret: 'secret' }
const request = { roomName: 'MT_1', layout: 'grid', fileOutputs: [{ fileType: 'MP4', filepath: 'MT_1' }] }
const fresh = newRecording({ egressId: 'EG_test', roomName: 'MT_1', layout: 'grid', at: 1000, request })
const steps: RecordingEvent[] = [
  { type: 'room_joined', at: 2000, roomId: 'RM_1' },
  { type: 'alive', at: 4000 },
  { type: 'capture_ended', at: 9000, reason: 'stopped' },
  { type: 'composing', percent: 5 },
  { type: 'composing', percent: 12 },
  { type: 'composing', percent: 19 },
  { type: 'composed', at: 12_000, result: { durationMs: 7000, sizeBytes: 77 } },
]

describe('webhooks of a recording', () => {
  it('tell of each phase and of every tenth of the progress, not of signs of life', () => {
    let state = fresh
    const events = steps.map(step => {
      const next = reduceRecording(state, step)
      const event = eventOf(state, next)
      state = next
      return event
    })
    expect(events).toEqual([
      'egress_started',
      null,
      'egress_updated',
      null,
      'egress_updated',
      null,
      'egress_ended',
    ])
  })

  it("are what LiveKit's receiver accepts, with file, times in nanoseconds and where to get it", async () => {
    const done = steps.reduce(reduceRecording, fresh)
    const body = webhookBody('egress_ended', egressInfoOf(done, 'http://rec'), 'EV_1', 12_345)
    const authorization = await signWebhook(body, key)
    const receiver = new WebhookReceiver(key.key, key.secret)
    const event = await receiver.receive(body, authorization)
    expect(event).toMatchObject({ event: 'egress_ended', id: 'EV_1', createdAt: 12n })
    const info = event.egressInfo!
    expect(info).toMatchObject({ egressId: 'EG_test', roomId: 'RM_1', status: EgressStatus.EGRESS_COMPLETE })
    expect(info.startedAt).toBe(2_000_000_000n)
    expect(info.fileResults[0]).toMatchObject({
      filename: 'MT_1',
      duration: 7_000_000_000n,
      size: 77n,
      location: 'http://rec/files/EG_test/recording.mp4',
    })
    await expect(receiver.receive(`${body} `, authorization)).rejects.toThrow(/sha256/)
  })

  it('name where the material of a failed one can be deleted', () => {
    const failed = reduceRecording(steps.slice(0, 4).reduce(reduceRecording, fresh), {
      type: 'failed',
      at: 9_000,
      error: 'ffmpeg ended with 1',
    })
    const info = egressInfoOf(failed, 'http://rec')
    expect(info).toMatchObject({ status: EgressStatus.EGRESS_FAILED, error: 'ffmpeg ended with 1' })
    expect(info.fileResults).toMatchObject([
      { location: 'http://rec/files/EG_test/recording.mp4', duration: 0n, size: 0n },
    ])
  })

  it('carry the progress while composing', () => {
    const state = steps.slice(0, 5).reduce(reduceRecording, fresh)
    expect(egressInfoOf(state, 'http://rec')).toMatchObject({
      status: EgressStatus.EGRESS_ENDING,
      details: 'composing 12',
    })
  })
})
