import type { ParticipantId } from '@diemcau/core/ids.ts'
import { SpeakerInfo } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { Speakers } from './speakers.ts'

describe('Speakers', () => {
  const A = 'PA_a' as ParticipantId
  const B = 'PA_b' as ParticipantId

  it('reports changes only, in eighths, and who fell silent', () => {
    const speakers = new Speakers()
    expect(speakers.update([{ participantId: A, level: 0.5 }])).toEqual([
      new SpeakerInfo({ sid: A, level: 0.5, active: true }),
    ])
    expect(speakers.update([{ participantId: A, level: 0.49 }])).toEqual([])
    const changes = speakers.update([
      { participantId: B, level: 0.001 },
      { participantId: B, level: 0.9 },
    ])
    expect(changes).toEqual([
      new SpeakerInfo({ sid: B, level: 1, active: true }),
      new SpeakerInfo({ sid: A, level: 0, active: false }),
    ])
    expect(speakers.order()).toEqual([B])
    speakers.remove(B)
    expect(speakers.update([])).toEqual([])
  })

  it('orders the loudest first and tells newcomers who speaks', () => {
    const speakers = new Speakers()
    speakers.update([
      { participantId: A, level: 0.2 },
      { participantId: B, level: 0.8 },
    ])
    expect(speakers.order()).toEqual([B, A])
    expect(speakers.current().map(speaker => speaker.sid)).toEqual([A, B])
  })
})
