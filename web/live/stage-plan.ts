/** What stands large on the stage and in which order the strip beside it goes; pure, from what is known right now. */
import type { ParticipantView } from './participant-view.ts'

export type LayoutMode = 'gallery' | 'speaker'
export type StageSource = 'camera' | 'screen_share'
export interface StagePicture {
  identity: string
  source: StageSource
}
export type StagePlan = { kind: 'gallery' } | { kind: 'stage'; main: StagePicture; strip: string[] }

export interface StageInput {
  /** In protocol order. */
  participants: readonly ParticipantView[]
  mode: LayoutMode
  /** Set by the chair for everyone. */
  spotlight: string | null
  /** Chosen by this person for themselves. */
  pinned: string | null
  /** Who speaks, held by `holdSpeaker`. */
  speaker: string | null
}

/**
 * A shared screen comes before all, then the chair's spotlight, then one's own pin; without these the mode decides.
 * In the strip the speaker comes first and everyone else keeps the protocol order.
 */
export function planStage({ participants, mode, spotlight, pinned, speaker }: StageInput): StagePlan {
  const isHere = (identity: string | null): identity is string =>
    identity !== null && participants.some(participant => participant.identity === identity)
  const strip = (without: string | null): string[] => {
    const others = participants
      .filter(participant => participant.identity !== without)
      .map(participant => participant.identity)
    if (!isHere(speaker) || speaker === without) return others
    return [speaker, ...others.filter(identity => identity !== speaker)]
  }
  const screen = pickScreen(participants, spotlight)
  if (screen) {
    // The spotlighted person stands first in the strip while a document fills the stage.
    const order = strip(null)
    const first = isHere(spotlight) ? [spotlight, ...order.filter(identity => identity !== spotlight)] : order
    return { kind: 'stage', main: { identity: screen, source: 'screen_share' }, strip: first }
  }
  const chosen = isHere(spotlight) ? spotlight : isHere(pinned) ? pinned : null
  if (chosen) return { kind: 'stage', main: { identity: chosen, source: 'camera' }, strip: strip(chosen) }
  if (mode === 'gallery' || participants.length < 2) return { kind: 'gallery' }
  const main = isHere(speaker) ? speaker : defaultSpeaker(participants)
  return { kind: 'stage', main: { identity: main, source: 'camera' }, strip: strip(main) }
}

/** Of several shared screens: the spotlighted person's, else the one of whoever stands first by protocol. */
function pickScreen(participants: readonly ParticipantView[], spotlight: string | null): string | null {
  const sharing = participants.filter(participant => participant.screenTrackId !== null)
  const chosen = sharing.find(participant => participant.identity === spotlight) ?? sharing[0]
  return chosen?.identity ?? null
}

/** Before anybody has spoken: the first by protocol who is not oneself. */
const defaultSpeaker = (participants: readonly ParticipantView[]): string =>
  (participants.find(participant => !participant.isLocal) ?? participants[0]!).identity

/** A speaker stays for this long (ms) before another takes the stage, so that a cough moves nothing. */
export const SPEAKER_HOLD_MS = 1500

export interface HeldSpeaker {
  identity: string | null
  /** When this speaker took the stage (ms). */
  sinceMs: number
}

/**
 * Who counts as the speaker now. `active` are those heard at this moment, loudest first. The one who is held stays
 * while they speak or pause; another takes over once the hold time is over. One's own voice never moves the stage.
 */
export function holdSpeaker(
  held: HeldSpeaker,
  active: readonly string[],
  present: ReadonlySet<string>,
  self: string | null,
  nowMs: number,
): HeldSpeaker {
  const candidates = active.filter(identity => identity !== self && present.has(identity))
  const isHeldHere = held.identity !== null && present.has(held.identity)
  if (isHeldHere && (candidates.length === 0 || candidates.includes(held.identity!))) return held
  const next = candidates[0]
  if (next === undefined)
    return isHeldHere || held.identity === null ? held : { identity: null, sinceMs: nowMs }
  if (isHeldHere && nowMs - held.sinceMs < SPEAKER_HOLD_MS) return held
  return { identity: next, sinceMs: nowMs }
}

/** What viewers see: a shared screen, else the spotlight, else the speaker, else the first with a camera. */
export function planWatch(
  participants: readonly ParticipantView[],
  spotlight: string | null,
  speaker: string | null,
): { main: StagePicture | null; inset: string | null; speaking: string | null } {
  const isHere = (identity: string | null) =>
    participants.some(participant => participant.identity === identity)
  const withCamera = participants.find(participant => participant.camera === 'on')
  const face = isHere(spotlight)
    ? spotlight
    : isHere(speaker)
      ? speaker
      : (withCamera?.identity ?? participants[0]?.identity ?? null)
  const speaking = isHere(speaker) ? speaker : null
  const screen = pickScreen(participants, spotlight)
  if (screen) return { main: { identity: screen, source: 'screen_share' }, inset: face, speaking }
  return { main: face ? { identity: face, source: 'camera' } : null, inset: null, speaking }
}
