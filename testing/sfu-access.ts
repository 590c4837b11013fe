import { AccessToken, RoomServiceClient, type VideoGrant } from 'livekit-server-sdk'

export type TestGrants = VideoGrant & {
  identity?: string
  name?: string
  metadata?: string
  attributes?: Record<string, string>
  ttl?: number | string
  /** This server's own grant, see docs/signalling.md. */
  secondConnection?: boolean
  /** The same. */
  keptSeat?: boolean
}

/** An SFU as its users know it: an address, and the key that signs tokens. Also for a process that did not start it. */
export class SfuAccess {
  /** For API calls and for `ws` alike. */
  readonly url: string
  readonly wsUrl: string
  readonly apiKey: string
  readonly apiSecret: string

  constructor(url: string, apiKey: string, apiSecret: string) {
    this.url = url
    this.wsUrl = url.replace('http', 'ws')
    this.apiKey = apiKey
    this.apiSecret = apiSecret
  }

  /** A join token for `room` and `identity`; all grants of VideoGrant may be given. Without `room` no roomJoin is set. */
  async token(grants: TestGrants): Promise<string> {
    const { identity, name, metadata, attributes, ttl, ...video } = grants
    const token = new AccessToken(this.apiKey, this.apiSecret, {
      identity,
      name,
      metadata,
      attributes,
      ttl: ttl ?? '10m',
    })
    token.addGrant({ roomJoin: video.room !== undefined && identity !== undefined, ...video })
    return token.toJwt()
  }

  /** The stock RoomService client. */
  roomService(): RoomServiceClient {
    return new RoomServiceClient(this.url, this.apiKey, this.apiSecret)
  }
}
