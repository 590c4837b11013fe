/** The room's way to one client. Implemented by `signalling/signal-connection.ts`; tests record what is sent. */
export interface SignalLink {
  /** An encoded SignalResponse. Never throws; what cannot be sent any more is dropped. */
  send(message: Uint8Array): void
  /** Whether some of what was sent first, on joining or resuming, still waits for the client to read. Absent: no. */
  isReceivingFirst?(): boolean
  /** Closes after what was sent before. `code` as in RFC 6455 §7.4. */
  close(code: number, reason: string): void
}
