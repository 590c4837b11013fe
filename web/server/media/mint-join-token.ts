import type { ParticipantAttributes } from '@diemcau/core/contracts/participant.ts'
import { AccessToken } from 'livekit-server-sdk'

export interface JoinTokenInput {
  room: string
  identity: string
  name: string
  attributes: ParticipantAttributes
}

/** Long enough for a long sitting; the room asks for a new one when it comes back later. */
const LIFETIME_S = 6 * 3600

/**
 * A LiveKit token for one participant. Nobody gets `roomAdmin`: what the chair does goes through the portal, which
 * checks it, writes it down and calls RoomService itself.
 */
export async function mintJoinToken(
  livekit: { apiKey: string; apiSecret: string },
  input: JoinTokenInput,
): Promise<string> {
  const isViewer = input.attributes.role === 'viewer'
  const token = new AccessToken(livekit.apiKey, livekit.apiSecret, {
    identity: input.identity,
    name: input.name,
    ttl: LIFETIME_S,
    attributes: { ...input.attributes },
  })
  token.addGrant({
    room: input.room,
    roomJoin: true,
    canSubscribe: true,
    canPublish: !isViewer,
    canPublishData: !isViewer,
    hidden: isViewer,
    canUpdateOwnMetadata: false,
  })
  return await token.toJwt()
}

/**
 * Where the browser finds the media server: as configured, else the host of the page with the media server's port.
 * @param page host of the request (`Host` header) and whether it came over https.
 */
export function publicMediaUrl(
  livekit: { url: string; publicUrl: string | null },
  page: { host: string; secure: boolean },
): string {
  if (livekit.publicUrl) return livekit.publicUrl
  const { port } = new URL(livekit.url)
  const { hostname } = new URL(`http://${page.host || 'localhost'}`)
  return `${page.secure ? 'wss' : 'ws'}://${hostname}${port ? `:${port}` : ''}`
}
