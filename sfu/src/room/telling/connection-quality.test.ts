import type { ParticipantId } from '@diemcau/core/ids.ts'
import { ConnectionQuality } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { QualityChanges, qualityOf } from './connection-quality.ts'

describe('connection quality', () => {
  it('is judged by score, and lost when media is', () => {
    expect(qualityOf(null, false)).toBe(ConnectionQuality.EXCELLENT)
    expect(qualityOf(4.2, false)).toBe(ConnectionQuality.EXCELLENT)
    expect(qualityOf(3.2, false)).toBe(ConnectionQuality.GOOD)
    expect(qualityOf(1, false)).toBe(ConnectionQuality.POOR)
    expect(qualityOf(5, true)).toBe(ConnectionQuality.LOST)
  })
  it('is told when it changed', () => {
    const changes = new QualityChanges()
    const sid = 'PA_1' as ParticipantId
    expect(changes.update(sid, 5, false)?.quality).toBe(ConnectionQuality.EXCELLENT)
    expect(changes.update(sid, 4.5, false)).toBeUndefined()
    expect(changes.update(sid, 1, false)?.quality).toBe(ConnectionQuality.POOR)
    expect(changes.update(sid, 4.5, true)).toMatchObject({ quality: ConnectionQuality.LOST, score: 0 })
    expect(changes.update(sid, null, false)).toMatchObject({ quality: ConnectionQuality.EXCELLENT, score: 5 })
    changes.remove(sid)
    expect(changes.current()).toEqual([])
  })
})
