/** What a screen says of the speaking list to one person: their place, whether they are next, and how the clock stands. Pure. */
import type { SpeakingState } from '@diemcau/core/contracts/floor.ts'
import { type SpeakingTurn, waitingTurns } from '@diemcau/core/floor/speaking-list.ts'

export interface OwnWish {
  turn: SpeakingTurn
  /** From 1; null while it is postponed. */
  place: number | null
  isNext: boolean
}

/** The first wish of this person that is not spoken to yet. */
export function ownWish({ floor, turns, places }: SpeakingState, identity: string): OwnWish | null {
  const mine = turns.filter(turn => turn.identity === identity)
  const turn = waitingTurns(mine)[0] ?? mine.find(one => one.status === 'postponed')
  if (!turn) return null
  const order =
    places.length > 0
      ? [...places].sort((a, b) => a.rank - b.rank).map(place => place.turnId)
      : waitingTurns(turns).map(one => one.id)
  const place = turn.status === 'waiting' ? order.indexOf(turn.id) + 1 : 0
  return { turn, place: place > 0 ? place : null, isNext: floor.next?.turnId === turn.id }
}

/** Time of warning before the end, s. */
const WARN_S = 60

export type ClockTone = 'running' | 'soon' | 'over'

export interface SpeechClock {
  /** `4:05` left, `+0:12` over, or with no limit what has passed. */
  text: string
  tone: ClockTone
}

/** @param nowMs by the portal's clock */
export function speechClock(startedAt: string, untilAt: string | null, nowMs: number): SpeechClock {
  if (untilAt === null)
    return { text: minutes(Math.floor((nowMs - Date.parse(startedAt)) / 1000)), tone: 'running' }
  const leftS = Math.ceil((Date.parse(untilAt) - nowMs) / 1000)
  if (leftS <= 0) return { text: leftS === 0 ? minutes(0) : `+${minutes(-leftS)}`, tone: 'over' }
  return { text: minutes(leftS), tone: leftS <= WARN_S ? 'soon' : 'running' }
}

function minutes(seconds: number): string {
  const whole = Math.max(0, seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
