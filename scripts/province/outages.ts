/** How long each was without media after a node was killed, from what the media clients counted. Pure. */
import { percentile } from '../chaos/measure.ts'
import type { PeerStats } from '../worker/rtc-clients.mjs'

/** What one person ought to get. */
export interface Watch {
  identity: string
  /** Of its receiving connection in the media clients; undefined while it is away. */
  peer: number | undefined
  /** `stream` is undefined while the hall it is of is away. */
  streams: readonly { from: string; kind: 'audio' | 'video'; stream: number | undefined }[]
}

/**
 * Who lacks what, a line each: nothing has come of it on this connection.
 *
 * @param peers by id
 */
export function lackingOf(watches: readonly Watch[], peers: ReadonlyMap<number, PeerStats>): string[] {
  return watches.flatMap(({ identity, peer, streams }) => {
    if (peer === undefined) return [`${identity} is not in the room`]
    const flows = new Set(peers.get(peer)?.flows.map(({ stream }) => stream))
    return streams.flatMap(({ from, kind, stream }) =>
      stream !== undefined && flows.has(stream) ? [] : [`${identity} gets no ${kind} of ${from}`],
    )
  })
}

export interface Outage {
  identity: string
  /** Of the stream that was away longest, ms. */
  ms: number
}

/**
 * The longest time without a packet of any stream it ought to get: until the first one on a connection made anew, or the longest gap
 * of one that stayed. What is lacking at the end is left out: `lackingOf` says it.
 *
 * @param since when the node was killed, milliseconds since 1970; `RtcClients.window` was called just before
 */
export function outagesOf(
  watches: readonly Watch[],
  peers: ReadonlyMap<number, PeerStats>,
  since: number,
): Outage[] {
  return watches.flatMap(({ identity, peer, streams }) => {
    const flows = peers.get(peer ?? -1)?.flows ?? []
    const times = streams.flatMap(({ stream }) => {
      const flow = flows.find(one => one.stream === stream)
      return flow === undefined ? [] : [flow.firstAt > since ? flow.firstAt - since : flow.gapMs]
    })
    return times.length === 0 ? [] : [{ identity, ms: Math.max(...times) }]
  })
}

export interface Spread {
  count: number
  p50: number
  p95: number
  worst: number
}

/** Undefined of none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  return {
    count: values.length,
    p50: percentile(values, 50)!,
    p95: percentile(values, 95)!,
    worst: Math.max(...values),
  }
}
