/** Connection quality every few seconds: only changes are sent, observers' own only to themselves. */
import type { ParticipantId } from '@diemcau/core/ids.ts'
import { ConnectionQuality, ConnectionQualityInfo } from '@livekit/protocol'

/** `score` 0..5 as the media side counts; null: nothing flows, hence nothing is wrong. */
export function qualityOf(score: number | null, isMediaLost: boolean): ConnectionQuality {
  if (isMediaLost) return ConnectionQuality.LOST
  if (score === null || score >= 4) return ConnectionQuality.EXCELLENT
  return score >= 3 ? ConnectionQuality.GOOD : ConnectionQuality.POOR
}

/** As it travels between nodes. */
export interface QualityFacts {
  participantId: ParticipantId
  quality: ConnectionQuality
  /** 0..5 */
  score: number
}

export class QualityChanges {
  readonly #last = new Map<ParticipantId, QualityFacts>()

  /** The update to send, undefined when the quality is what it was. */
  update(
    participantSid: ParticipantId,
    score: number | null,
    isMediaLost: boolean,
  ): ConnectionQualityInfo | undefined {
    const quality = qualityOf(score, isMediaLost)
    return this.take({ participantId: participantSid, quality, score: isMediaLost ? 0 : (score ?? 5) })
  }

  /** The same for what another node has measured. */
  take(facts: QualityFacts): ConnectionQualityInfo | undefined {
    const { participantId, quality } = facts
    if (this.#last.get(participantId)?.quality === quality) return undefined
    this.#last.set(participantId, facts)
    return qualityInfoOf(facts)
  }

  /** As last told of each. */
  current(): QualityFacts[] {
    return [...this.#last.values()]
  }

  remove(participantId: ParticipantId): void {
    this.#last.delete(participantId)
  }
}

export const qualityInfoOf = ({ participantId, quality, score }: QualityFacts): ConnectionQualityInfo =>
  new ConnectionQualityInfo({ participantSid: participantId, quality, score })
