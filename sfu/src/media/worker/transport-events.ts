import type { WebRtcTransport } from 'mediasoup/types'

/** Turns mediasoup's ICE and DTLS states into two facts. `onConnected` fires again after a loss was repaired. */
export function watchTransport(
  transport: WebRtcTransport,
  events: { onConnected(): void; onDisconnected(): void },
): void {
  let isUp = false
  const update = () => {
    if (transport.closed) return
    const ice = transport.iceState
    const next = transport.dtlsState === 'connected' && (ice === 'connected' || ice === 'completed')
    const isLost =
      ice === 'disconnected' || transport.dtlsState === 'failed' || transport.dtlsState === 'closed'
    if (next && !isUp) {
      isUp = true
      events.onConnected()
    } else if (isLost && (isUp || transport.dtlsState === 'failed')) {
      isUp = false
      events.onDisconnected()
    }
  }
  transport.on('icestatechange', update)
  transport.on('dtlsstatechange', update)
}
