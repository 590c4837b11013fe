/** What a session waits for; tests make it short. All in ms. */
export interface SessionTimes {
  /** A room that nobody is in any more here is kept for those who come back. */
  vacateAfterMs: number
  /** Members of a node that is not heard are out of sight after this, and after as long again one side gives the room up. */
  unheardAfterMs: number
  /** Between two comparisons of rooms and seats with the record. */
  compareMs: number
  /** Who joins is told to come again when the record has not answered by then. */
  joinMs: number
  /** Who is moved has a seat in the other room for so long. */
  reservedMs: number
}

export const sessionTimes: SessionTimes = {
  vacateAfterMs: 10_000,
  unheardAfterMs: 5_000,
  compareMs: 10_000,
  joinMs: 10_000,
  reservedMs: 15_000,
}
