/**
 * The claim of one connection on its identity, as its owner sees it. Pure: what comes in changes the state, and the state says what is to be
 * done (`todoOf`).
 *
 *     none ─ ask ─▶ asking ─ epoch ─▶ held ─ end, or a higher epoch ─▶ ending ─ told ─▶ none
 *                   asking ─ refused ─▶ none        ▲
 *                   asking ─ given up ─▶ giving_up ─┘ ─ nothing found after the last deadline ─▶ none
 *
 * An incarnation that is buried forgets all of its claims: its heirs tell the endings.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { JoinAnswer } from '../record/record-calls.ts'
import type { OwedEnding } from '../record/record-types.ts'

export type ClaimState =
  | { is: 'none' }
  | {
      is: 'asking'
      /** Tries whose fate is unknown: without an answer, they may have been done, or may still be. */
      open: number
      /** Until then, on the record's clock, a try may still be done. */
      lastDeadlineMs: number
      /** Why it ends as soon as it is answered: a removal or the end of the room came first, or the client has gone. */
      endWanted: string | null
    }
  | { is: 'held'; roomSid: RoomId; epoch: number }
  /** Not acted for any more. The leaving is to be told, which gives the claim back where it still is ours. */
  | { is: 'ending'; roomSid: RoomId; epoch: number; why: string }
  /** No try was answered in time. When none can be done any more, what they left is looked for (`owedOf`). */
  | { is: 'giving_up'; lastDeadlineMs: number; why: string }

/** The reason of a claim that a newer connection has taken. */
export const LOST = 'duplicate_identity'

export const NO_CLAIM: ClaimState = { is: 'none' }

/**
 * A try goes out. The next one waits until the deadline of this one has passed: otherwise a late one could take a seat in the next room of the
 * name.
 */
export function ask(state: ClaimState, deadlineMs: number): ClaimState {
  if (state.is === 'none') return { is: 'asking', open: 1, lastDeadlineMs: deadlineMs, endWanted: null }
  if (state.is !== 'asking') return state
  return { ...state, open: state.open + 1, lastDeadlineMs: Math.max(state.lastDeadlineMs, deadlineMs) }
}

/** The record refused the call itself (late, waiting, new era): this try did nothing and never will. */
export const notDone = (state: ClaimState): ClaimState =>
  state.is === 'asking' ? { ...state, open: state.open - 1 } : state

/** The record's answer to a try. `highestSeen`: the highest epoch of this identity known here, of whatever connection. */
export function answered(state: ClaimState, answer: JoinAnswer, highestSeen: number): ClaimState {
  if (state.is !== 'asking') return state
  if (answer.is === 'refused') return giveUp({ ...state, open: state.open - 1 }, answer.why)
  const { epoch } = answer
  const roomSid = answer.room.sid
  if (answer.is === 'lost' || highestSeen > epoch) return { is: 'ending', roomSid, epoch, why: LOST }
  if (state.endWanted !== null) return { is: 'ending', roomSid, epoch, why: state.endWanted }
  return { is: 'held', roomSid, epoch }
}

/** No more tries: the client has gone, or time is over. */
export function giveUp(state: ClaimState, why: string): ClaimState {
  if (state.is !== 'asking') return state
  return state.open > 0 ? { is: 'giving_up', lastDeadlineMs: state.lastDeadlineMs, why } : NO_CLAIM
}

/**
 * What the record has of this connection, asked after `lastDeadlineMs`: nothing comes any more. (Only a clock of the record that was set back
 * could let something through; that is found when a node compares what it owes.)
 */
export function looked(state: ClaimState, owed: OwedEnding | undefined): ClaimState {
  if (state.is !== 'giving_up') return state
  return owed ? { is: 'ending', roomSid: owed.roomSid, epoch: owed.epoch, why: state.why } : NO_CLAIM
}

/** It is to end: leave, timeout, API, end of the room. */
export function end(state: ClaimState, why: string): ClaimState {
  if (state.is === 'asking') return { ...state, endWanted: state.endWanted ?? why }
  return state.is === 'held' ? { ...state, is: 'ending', why } : state
}

/** An epoch of this identity was seen: in the inbox, in an answer, in any `member` on a link. */
export const seen = (state: ClaimState, epoch: number): ClaimState =>
  state.is === 'held' && epoch > state.epoch ? end(state, LOST) : state

/** The record has the leaving. */
export const told = (state: ClaimState): ClaimState => (state.is === 'ending' ? NO_CLAIM : state)

/** Whether its connection is acted for: it is in the lists, and its messages count. */
export const isActing = (state: ClaimState): state is Extract<ClaimState, { is: 'held' }> =>
  state.is === 'held'
