import type { Manifest } from '@diemcau/core/recording/manifest.ts'

/** Somebody must speak this long before the picture goes to them; a cough does not turn the camera. */
const HOLD_MS = 1200
/** And a picture once chosen stays at least this long. */
const MIN_SHOWN_MS = 2500
/** A pause for breath does not end a turn. */
const BREATH_MS = 1000

export interface SpeakerTurn {
  atMs: number
  participantId: string
}

/** Who is to be shown as the speaker from when on; nobody before the first turn. Silence keeps the last speaker. */
export function speakerTurns(speakers: Manifest['speakers'], lengthMs: number): SpeakerTurn[] {
  const speeches: { fromMs: number; toMs: number; participantId: string }[] = []
  for (const [index, { atMs, participantIds }] of speakers.entries()) {
    const participantId = participantIds[0]
    if (participantId === undefined) continue
    const toMs = speakers[index + 1]?.atMs ?? lengthMs
    const last = speeches.at(-1)
    if (last?.participantId === participantId && atMs - last.toMs <= BREATH_MS) last.toMs = toMs
    else speeches.push({ fromMs: atMs, toMs, participantId })
  }
  const turns: SpeakerTurn[] = []
  for (const { fromMs, toMs, participantId } of speeches) {
    const last = turns.at(-1)
    if (last?.participantId === participantId) continue
    const atMs = last ? Math.max(fromMs, last.atMs + MIN_SHOWN_MS) : fromMs
    if (!last || (toMs - fromMs >= HOLD_MS && toMs > atMs)) turns.push({ atMs, participantId })
  }
  return turns
}
