/** Bounds and times of a link; tests make them small. */
export interface LinkLimits {
  /** Bytes that may wait for an acknowledgement, and for how long, ms. Past either, the direction is given up and starts anew. */
  unackedBytes: number
  unackedMs: number
  /** Lossy bytes that may wait. */
  lossyBytes: number
  /** Bytes handed to the socket and not yet taken by the system. A longer frame is handed alone. */
  windowBytes: number
  /** The longest payload. */
  payloadBytes: number
  /** Between two pings, ms; the link ends when nothing was heard for so many of them. */
  pingMs: number
  silentPings: number
  /** Received bytes and time after which an acknowledgement is due, ms. */
  ackBytes: number
  ackMs: number
  /** The longest a call may take, ms. Ids and answers are kept for `callKeptMs`, which is longer, so that no call is executed twice. */
  callMs: number
  callKeptMs: number
  /** Calls under way to and from one peer; ids kept; bytes of kept answers. */
  calls: number
  callsKept: number
  answerBytes: number
}

export const LINK_LIMITS: LinkLimits = {
  unackedBytes: 64 * 1024 * 1024,
  unackedMs: 60_000,
  lossyBytes: 512 * 1024,
  windowBytes: 256 * 1024,
  payloadBytes: 16 * 1024 * 1024,
  pingMs: 500,
  silentPings: 4,
  ackBytes: 64 * 1024,
  ackMs: 50,
  // A method of a participant may take a minute.
  callMs: 65_000,
  callKeptMs: 100_000,
  calls: 1024,
  callsKept: 65_536,
  answerBytes: 16 * 1024 * 1024,
}
