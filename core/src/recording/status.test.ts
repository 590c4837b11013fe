import { describe, expect, it } from 'vitest'
import { newRecording, type RecordingEvent, recordingState, reduceRecording } from './status.ts'

const fresh = () =>
  newRecording({ egressId: 'EG_1', roomName: 'MT_1', layout: 'speaker', at: 1000, request: {} })
const after = (...events: RecordingEvent[]) => events.reduce(reduceRecording, fresh())
const joined: RecordingEvent = { type: 'room_joined', at: 2000, roomId: 'RM_1' }
const stopped: RecordingEvent = { type: 'capture_ended', at: 9000, reason: 'stopped' }
const result = { durationMs: 7000, sizeBytes: 10 }

describe('a recording', () => {
  it('goes from the request to the file, and its states can be read back', () => {
    const done = after(
      joined,
      stopped,
      { type: 'composing', percent: 41.9 },
      { type: 'composed', at: 9500, result },
    )
    expect(done).toMatchObject({ phase: 'complete', startedAtMs: 2000, captureEndedAtMs: 9000, result })
    expect(recordingState.parse(JSON.parse(JSON.stringify(done)))).toEqual(done)
  })

  it('keeps its first start when the recorder comes back, and its first end when it is stopped twice', () => {
    const again = after(joined, { ...joined, at: 5000 }, stopped, {
      type: 'capture_ended',
      at: 9900,
      reason: 'room_closed',
    })
    expect(again).toMatchObject({ startedAtMs: 2000, captureEndedAtMs: 9000, endReason: 'stopped' })
  })

  it('is aborted when it is stopped before the room was there, and failed when the room never was', () => {
    expect(after(stopped)).toMatchObject({ phase: 'aborted', error: null })
    expect(after({ ...stopped, reason: 'room_lost' })).toMatchObject({ phase: 'failed' })
  })

  it('delivers what a failed capture left, and still calls it failed', () => {
    const failed = after(joined, { ...stopped, reason: 'capture_failed', error: 'the disk is full' })
    expect(failed.phase).toBe('ending')
    expect(reduceRecording(failed, { type: 'composed', at: 9500, result })).toMatchObject({
      phase: 'failed',
      error: 'the disk is full',
      result,
    })
  })

  it('refuses what its phase does not allow and changes nothing once it is final', () => {
    expect(() => after({ type: 'composing', percent: 1 })).toThrow(/starting/)
    expect(() => after(joined, stopped, { type: 'alive', at: 1 })).toThrow(/ending/)
    const failed = after(joined, { type: 'failed', at: 1, error: 'x' })
    expect(reduceRecording(failed, stopped)).toBe(failed)
    expect(reduceRecording(failed, { type: 'failed', at: 2, error: 'y' })).toBe(failed)
  })
})
