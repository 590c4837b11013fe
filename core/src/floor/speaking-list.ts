/**
 * The speaking list of a meeting as plain facts: who asks to speak in which order, who speaks, who is next. What may become of it
 * is in speaking-machine.ts; the portal keeps it in its database, browsers draw it.
 */

export const floorModes = ['free', 'one', 'several'] as const
/**
 * `free`: everybody opens their own microphone, and a call ends nobody's speech. `one`: only whoever is called, and one at a time.
 * `several`: only who is called or asked by a moderator, any number of them.
 */
export type FloorMode = (typeof floorModes)[number]

export const turnStatuses = ['waiting', 'postponed', 'speaking', 'spoken'] as const
export type TurnStatus = (typeof turnStatuses)[number]

/** One entry of the list: somebody's wish to speak and what became of it. */
export interface SpeakingTurn {
  /** `SP_...` */
  id: string
  /** Whose microphone it is; null for somebody who has none of their own in the meeting. */
  identity: string | null
  name: string
  unit: string
  topic: string
  /** Came with a raised hand, and goes with it. */
  isFromHand: boolean
  /** Name of the moderator who put it in; '' for a wish of one's own. */
  addedBy: string
  /** When it was put in. UTC, ISO 8601, as all times here. */
  at: string
  status: TurnStatus
  /** Order among those who wait, lowest first; no two have the same. */
  rank: number
  /** How often the same one has spoken in this meeting. */
  spokenBefore: number
  startedAt: string | null
  /** When the time is up; null when it has no limit. */
  untilAt: string | null
  endedAt: string | null
}

/** The last call, for as long as it can be taken back: until its speaker ends or another is called. */
export interface LastCall {
  turnId: string
  /** What it made of whoever spoke before. */
  ended: readonly { turnId: string; untilAt: string | null }[]
  /** What it was before: a postponed one is postponed again. */
  before: Exclude<TurnStatus, 'speaking'>
  /** Places of others that changed by it, as they were. */
  moved: readonly { turnId: string; rank: number }[]
  nextId: string | null
}

export interface SpeakingList {
  mode: FloorMode
  /** Time of a speech, seconds; 0: no limit. */
  limitS: number
  /** Whoever has not spoken goes before those who have. */
  isUnspokenFirst: boolean
  /** Who was told to be ready; null: the first who waits. */
  nextId: string | null
  lastCall: LastCall | null
  turns: readonly SpeakingTurn[]
}

export const emptySpeakingList: SpeakingList = {
  mode: 'free',
  limitS: 300,
  isUnspokenFirst: false,
  nextId: null,
  lastCall: null,
  turns: [],
}

type Ranked = Pick<SpeakingTurn, 'rank' | 'status'>

/** Those who wait, first to speak first. */
export const waitingTurns = <T extends Ranked>(turns: readonly T[]): T[] =>
  turns.filter(turn => turn.status === 'waiting').sort((a, b) => a.rank - b.rank)

/** Those who speak, first called first. */
export const speakingTurns = (turns: readonly SpeakingTurn[]): SpeakingTurn[] =>
  turns
    .filter(turn => turn.status === 'speaking')
    .sort((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? '') || a.rank - b.rank)

/** Who is to be ready: who was named, else the first who waits. */
export function nextTurn(list: Pick<SpeakingList, 'nextId' | 'turns'>): SpeakingTurn | null {
  const waiting = waitingTurns(list.turns)
  return waiting.find(turn => turn.id === list.nextId) ?? waiting[0] ?? null
}

/** Who speaks: one's place in the meeting, or the name of whoever has none. Of two turns it says whether they are of one speaker. */
export const speakerKey = ({
  identity,
  name,
  unit,
}: Pick<SpeakingTurn, 'identity' | 'name' | 'unit'>): string => identity ?? `\n${name}\n${unit}`
