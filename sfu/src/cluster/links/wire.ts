/** What a wire tells the link that uses it. */
export interface WireListener {
  /** A whole frame. */
  frame(bytes: Uint8Array): void
  /** Some of what was handed over has left. */
  drained(): void
  /** Once, and nothing after it. `protocol`: what came cannot be cut into frames. Not after our own `destroy` or `finish`. */
  closed(why: 'broken' | 'protocol'): void
}

/** One connection to a peer that proved who it is. Carries whole frames in order until it ends. */
export interface Wire {
  /** Handed over and not yet taken by the system. */
  readonly pendingBytes: number
  listen(listener: WireListener): void
  /** The pieces make up one frame. */
  write(pieces: readonly Uint8Array[]): void
  /** Sends what was written, but not for long, and ends. */
  finish(): void
  /** Ends at once. */
  destroy(): void
}
