/** Connection quality every few seconds: only changes are sent, observers' own only to themselves. */
import type { ParticipantId } from '@diemcau/core/ids.ts'
import { ConnectionQuality, ConnectionQualityInfo } from '@livekit/protocol'

/** `score` 0..5 as the media side counts; null: nothing flows, hence nothing is wrong. */
export function qualityOf(score: number | null, isMediaLost: boolean): ConnectionQuality {
  if (isMediaLost) return ConnectionQuality.LOST
  if (score === null || score >= 4) return ConnectionQuality.EXCELLENT
  return score >= 3 ? ConnectionQuality.GOOD : ConnectionQuality.POOR
}

export class QualityChanges {
  readonly #last = new Map<ParticipantId, ConnectionQuality>()

  /** The update to send, undefined when the quality is what it was. */
  update(
    participantSid: ParticipantId,
    score: number | null,
    isMediaLost: boolean,
  ): ConnectionQualityInfo | undefined {
    const quality = qualityOf(score, isMediaLost)
    if (this.#last.get(participantSid) === quality) return undefined
    this.#last.set(participantSid, quality)
    return new ConnectionQualityInfo({ participantSid, quality, score: isMediaLost ? 0 : (score ?? 5) })
  }

  /** For somebody who just joined. */
  current(): ConnectionQualityInfo[] {
    return [...this.#last].map(
      ([participantSid, quality]) => new ConnectionQualityInfo({ participantSid, quality }),
    )
  }

  remove(participantId: ParticipantId): void {
    this.#last.delete(participantId)
  }
}
