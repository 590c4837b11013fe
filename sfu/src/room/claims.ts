/**
 * What a verified access token says, and what the query of `/rtc` says. The edge (`sfu/server`) verifies the signature,
 * the times, and that `roomJoin` and `room` are present; the room enforces every other grant message by message.
 */

/** LiveKit's `VideoGrant` as it stands in the `video` claim (camelCase). Undefined means "default", see permissions.ts. */
export interface VideoGrants {
  roomJoin?: boolean
  room?: string
  roomCreate?: boolean
  roomList?: boolean
  roomRecord?: boolean
  roomAdmin?: boolean
  canPublish?: boolean
  canSubscribe?: boolean
  canPublishData?: boolean
  /** Names as in the token: 'camera', 'microphone', 'screen_share', 'screen_share_audio' (any case). Empty: all. */
  canPublishSources?: string[]
  canUpdateOwnMetadata?: boolean
  canSubscribeMetrics?: boolean
  hidden?: boolean
  recorder?: boolean
  agent?: boolean
}

export interface VerifiedClaims {
  identity: string
  name: string
  metadata: string
  attributes: Record<string, string>
  /** The token's `kind` claim ('standard', 'ingress', 'egress', 'sip', 'agent'), '' when absent. */
  kind: string
  video: VideoGrants
}

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
    return Number.isSafeInteger(value) ? value : fallback
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
  }
}
