/**
 * Tells a link that drops what it cannot carry from one that loses a packet now and then, from as few packets as will do: a
 * sequential probability ratio test (A. Wald, 1945) between two shares of loss. Pure.
 */

/** A poor wireless link, and the least that a full queue drops. */
const ORDINARY_LOSS = 0.08
const FLOOD_LOSS = 0.25
/** Evidence for either: wrong once in 150 poor links, and once in 5 full ones, where it is asked again. */
const FLOOD_SCORE = 5
const CALM_SCORE = -1.6
const LOST_SCORE = Math.log(FLOOD_LOSS / ORDINARY_LOSS)
const KEPT_SCORE = Math.log((1 - FLOOD_LOSS) / (1 - ORDINARY_LOSS))

export type FloodVerdict = 'flood' | 'calm' | 'unknown'

export class FloodEvidence {
  #score = 0
  #sent = 0
  #lost = 0

  /** Share of packets lost so far, 0..1. */
  get share(): number {
    return this.#sent === 0 ? 0 : Math.min(this.#lost / this.#sent, 1)
  }

  /** Packets sent and packets found lost since the last call; those lost were sent a round trip before. */
  add(sent: number, lost: number): FloodVerdict {
    const known = Math.max(sent, lost)
    this.#sent += known
    this.#lost += lost
    this.#score += lost * LOST_SCORE + (known - lost) * KEPT_SCORE
    if (this.#score >= FLOOD_SCORE) return 'flood'
    return this.#score <= CALM_SCORE ? 'calm' : 'unknown'
  }
}

/** Packets of some flows in some time. */
export interface Counted {
  sent: number
  /** Each lost packet once, however often the client asked for it. */
  lost: number
}

/**
 * The share of packets that a flooded link drops, 0..1, from what was counted while it was found to be flooded and in the moment after
 * it. The moment alone tells what is lost now; but it is short, pictures are sent in bursts, and what is lost in it was sent
 * before it, maybe in a burst: so that is compared with what is sent in as much time on average, unless more was sent in the moment.
 */
export function droppedShare(looked: { sent: number; ms: number }, last: Counted & { ms: number }): number {
  const averageSent = ((looked.sent + last.sent) * last.ms) / Math.max(looked.ms + last.ms, 1)
  return Math.min(last.lost / Math.max(last.sent, averageSent, 1), 1)
}
