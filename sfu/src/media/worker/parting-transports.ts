import type { WebRtcTransport } from 'mediasoup/types'

/** What a connection's close does with its transport unless told otherwise. */
export const closeNow = (transport: WebRtcTransport): void => transport.close()

/**
 * Connections of clients that were told to come back, until the client has closed its end. The word goes by TCP and the end of a
 * connection by UDP, so that the end may come first; LiveKit's native SDK, which is just sending data, then waits 15 s for that connection
 * (docs/cluster.md) before it acts on the word. What went over them has ended by then: nobody is heard or served by them. Owned by the room's
 * media, which waits for them at its close.
 */
export class PartingTransports {
  readonly #parting = new Set<WebRtcTransport>()
  #waiting: (() => void)[] = []

  /** Closes it when the client has, after `graceMs` at the latest; at once where that is 0 or no client is connected by it. */
  part(transport: WebRtcTransport, graceMs: number): void {
    if (graceMs === 0 || !isUp(transport)) {
      transport.close()
      return
    }
    this.#parting.add(transport)
    const close = () => transport.close()
    const timer = setTimeout(close, graceMs)
    transport.on('dtlsstatechange', close)
    // Also when its router or its worker takes it along.
    transport.observer.once('close', () => {
      clearTimeout(timer)
      this.#parting.delete(transport)
      if (this.#parting.size > 0) return
      for (const resolve of this.#waiting.splice(0)) resolve()
    })
  }

  /** Resolves when none is left: no later than the longest grace. */
  async over(): Promise<void> {
    if (this.#parting.size === 0) return
    await new Promise<void>(resolve => this.#waiting.push(resolve))
  }
}

function isUp({ closed, dtlsState, iceState }: WebRtcTransport): boolean {
  return !closed && dtlsState === 'connected' && (iceState === 'connected' || iceState === 'completed')
}
