/**
 * TURN credentials for a client (JoinResponse.ice_servers, ReconnectResponse.ice_servers): time-limited, so that one that
 * leaks is soon worthless, and computed, so that the TURN server shares nothing with us but the secret. The scheme is
 * coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00 §2.2).
 */
import { createHmac } from 'node:crypto'
import { ICEServer } from '@livekit/protocol'

export interface TurnSettings {
  /** `turn:` and `turns:` addresses, RFC 7065. */
  urls: string[]
  /** coturn's `static-auth-secret`. */
  secret: string
  /** How long a credential is good for a new allocation or a refresh, seconds. */
  ttlS: number
}

/**
 * `user` names the connection in the TURN server's log, so it must say nothing of the person: a participant id.
 * Without settings: no servers. Never log the result.
 */
export function iceServersFor(turn: TurnSettings | undefined, user: string, nowMs: number): ICEServer[] {
  if (!turn) return []
  const username = `${Math.floor(nowMs / 1000) + turn.ttlS}:${user}`
  const credential = createHmac('sha1', turn.secret).update(username).digest('base64')
  return [new ICEServer({ urls: turn.urls, username, credential })]
}
