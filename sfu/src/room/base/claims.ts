/**
 * What a verified access token says, and what the query of `/rtc` says. The edge (`sfu/server`) verifies the signature,
 * the times, and that `roomJoin` and `room` are present; the room enforces every other grant message by message.
 */

import type { AccessClaims, VideoGrants } from '@diemcau/core/livekit/access-token.ts'
import type { RoomConfiguration } from '@livekit/protocol'

export type { VideoGrants }

/** What of a token concerns a participant. */
export interface VerifiedClaims extends Omit<AccessClaims, 'roomConfig' | 'sha256'> {
  /** Only of a second connection: the identity it belongs to, which is the token's. */
  owner?: string
  /** RoomConfiguration for the case that this participant makes the room; absent when the token has none. */
  roomConfig?: RoomConfiguration
}

/**
 * What a token for a participant says; its end and its issuer are the minter's. `notBeforeS` is that of the token it renews, so that who
 * revokes the one revokes the other, whatever the clocks of both servers say.
 */
export type TokenContents = Omit<VerifiedClaims, 'expiresAtS'>
/** Signs a token valid for so many seconds from now. */
export type TokenMinter = (contents: TokenContents, validForS: number) => Promise<string>

/** The query of `GET /rtc`, with LiveKit's defaults filled in by the edge. */
export interface JoinQuery {
  /** `auto_subscribe`, default true. */
  autoSubscribe: boolean
  /** `reconnect=1`: the client wants its participant `participantSid` back. */
  reconnect: boolean
  /** `sid`, '' when absent. */
  participantSid: string
  /** `reconnect_reason`, 0 when absent. */
  reconnectReason: number
  adaptiveStream: boolean
  protocol: number
  /** 'js', 'rust', 'go' ... as sent. */
  sdk: string
  version: string
  os: string
  osVersion: string
  browser: string
  browserVersion: string
  deviceModel: string
  network: string
  /** Not of the query: the address the client came from, filled in by the edge; '' when unknown. */
  clientAddress: string
  /** `client_protocol`: told to the others in ParticipantInfo, they decide by it what they may send. */
  clientProtocol: number
  /** `capabilities`: names of ClientInfo.Capability. */
  capabilities: string[]
  /** `subscriber_allow_pause`, default true: whether video may be paused for this client when its link is narrow. */
  subscriberAllowPause: boolean
  /**
   * `auto_subscribe_data_track`. Default false, as for clients that find `/rtc/v1`: today's SDKs ask for each track, and take
   * packets of others for faults.
   */
  autoSubscribeDataTrack: boolean
  /** `attributes`: base64url JSON, laid over those of the token when it has canUpdateOwnMetadata. */
  attributes: Record<string, string>
  /** `publish`: a second connection of the same person that only publishes, named `identity#publish` (second-connections.ts). */
  publish: string
}

/** Default values of a query, to be overlaid with what was sent. */
export const defaultJoinQuery: JoinQuery = {
  autoSubscribe: true,
  reconnect: false,
  participantSid: '',
  reconnectReason: 0,
  adaptiveStream: false,
  protocol: 16,
  sdk: '',
  version: '',
  os: '',
  osVersion: '',
  browser: '',
  browserVersion: '',
  deviceModel: '',
  network: '',
  clientAddress: '',
  clientProtocol: 0,
  capabilities: [],
  subscriberAllowPause: true,
  autoSubscribeDataTrack: false,
  attributes: {},
  publish: '',
}

/** Reads the query of `/rtc`. Unknown names are ignored; a number that is none takes its default. */
export function parseJoinQuery(params: URLSearchParams): JoinQuery {
  const text = (name: string) => params.get(name) ?? ''
  const flag = (name: string, fallback: boolean) => {
    const value = params.get(name)
    return value === null ? fallback : value === '1' || value === 'true'
  }
  const count = (name: string, fallback: number) => {
    const value = Number.parseInt(params.get(name) ?? '', 10)
    // They are told to others as an int32.
    return value >= 0 && value < 2 ** 31 ? value : fallback
  }
  return {
    autoSubscribe: flag('auto_subscribe', defaultJoinQuery.autoSubscribe),
    reconnect: flag('reconnect', false),
    participantSid: text('sid'),
    reconnectReason: count('reconnect_reason', 0),
    adaptiveStream: flag('adaptive_stream', false),
    protocol: count('protocol', defaultJoinQuery.protocol),
    sdk: text('sdk'),
    version: text('version'),
    os: text('os'),
    osVersion: text('os_version'),
    browser: text('browser'),
    browserVersion: text('browser_version'),
    deviceModel: text('device_model'),
    network: text('network'),
    clientAddress: '',
    clientProtocol: count('client_protocol', 0),
    capabilities: text('capabilities')
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '')
      .slice(0, 32),
    subscriberAllowPause: flag('subscriber_allow_pause', true),
    autoSubscribeDataTrack: flag('auto_subscribe_data_track', false),
    attributes: readAttributes(text('attributes')),
    publish: text('publish').slice(0, 128),
  }
}

/** Base64url JSON of strings; what is none counts as nothing, as in LiveKit. */
function readAttributes(encoded: string): Record<string, string> {
  if (encoded === '') return {}
  try {
    const parsed: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null) return {}
    return Object.fromEntries(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  } catch {
    // Not JSON: the join goes on without.
    return {}
  }
}
