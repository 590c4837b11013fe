/**
 * The server's candidates as TrickleRequest (livekit_rtc.proto). They are known from the start and stand in the offer, from
 * which clients connect; a client that wants to say what a network lets through (ConnectionCheck of livekit-client) looks
 * at these messages only.
 */
import { SignalTarget, TrickleRequest } from '@livekit/protocol'

/** One for each candidate of the description, the last marked as such. All sections share the first one's transport. */
export function trickleOf(sdp: string): TrickleRequest[] {
  const mid = /^a=mid:(.+?)\r?$/m.exec(sdp)?.[1] ?? '0'
  const candidates = [...sdp.matchAll(/^a=(candidate:.+?)\r?$/gm)].map(([, candidate]) => candidate)
  return candidates.map(
    (candidate, position) =>
      new TrickleRequest({
        candidateInit: JSON.stringify({ candidate, sdpMid: mid, sdpMLineIndex: 0 }),
        target: SignalTarget.SUBSCRIBER,
        final: position === candidates.length - 1,
      }),
  )
}

/** Whether this is what a client's TrickleRequest carries: the JSON of an RTCIceCandidateInit, or nothing after the last one. */
export function isCandidate(candidateInit: string): boolean {
  if (candidateInit === '') return true
  try {
    JSON.parse(candidateInit)
    return true
  } catch {
    // The caller says so to the client.
    return false
  }
}
