/** Active speakers as SpeakersChanged deltas: only what changed, levels in eighths so that small swings are silent. */
import type { ParticipantId } from '@diemcau/core/ids.ts'
import { SpeakerInfo } from '@livekit/protocol'

const LEVEL_STEPS = 8

export class Speakers {
  readonly #levels = new Map<ParticipantId, number>()

  /** Takes what is audible now and returns the changes since the last call, [] when there are none. */
  update(audible: Iterable<{ participantId: ParticipantId; level: number }>): SpeakerInfo[] {
    const now = new Map<ParticipantId, number>()
    for (const { participantId, level } of audible) {
      // Rounded up, so that somebody heard never has level 0.
      const quantised = Math.ceil(Math.min(1, Math.max(0, level)) * LEVEL_STEPS) / LEVEL_STEPS
      if (quantised > 0) now.set(participantId, Math.max(quantised, now.get(participantId) ?? 0))
    }
    const changes: SpeakerInfo[] = []
    for (const [sid, level] of now)
      if (this.#levels.get(sid) !== level) changes.push(new SpeakerInfo({ sid, level, active: true }))
    for (const sid of this.#levels.keys())
      if (!now.has(sid)) changes.push(new SpeakerInfo({ sid, level: 0, active: false }))
    this.#levels.clear()
    for (const [sid, level] of now) this.#levels.set(sid, level)
    return changes
  }

  /** For somebody who just joined or resumed. */
  current(): SpeakerInfo[] {
    return [...this.#levels].map(([sid, level]) => new SpeakerInfo({ sid, level, active: true }))
  }

  /** Loudest first. */
  order(): ParticipantId[] {
    return [...this.#levels].sort((a, b) => b[1] - a[1]).map(([sid]) => sid)
  }

  /** Left without a word: others forget it with the participant, no delta is due. */
  remove(participantId: ParticipantId): void {
    this.#levels.delete(participantId)
  }
}
