import { createHash } from 'node:crypto'
import { FLOOR_ATTRIBUTE, type ParticipantAttributes } from '@diemcau/core/contracts/participant.ts'
import { mintAccessToken } from '@diemcau/core/livekit/access-token.ts'
import { isModerator } from '@diemcau/core/roles.ts'
import type { RoomSettings } from './room-settings.ts'

export interface JoinTokenInput {
  room: string
  identity: string
  name: string
  attributes: ParticipantAttributes
  /** The portal session this token is given to; null without an account. */
  sessionId: string | null
  /** The chair keeps the microphones: all but these may be published. */
  isMicrophoneHeld: boolean
  /** For the case that this token's holder is the first in the room: also a viewer then makes it as it should be. */
  settings: RoomSettings
}

/** Names a session to whoever knows it already, and tells others nothing (attributes are seen by the whole room). */
export const sessionMark = (sessionId: string): string =>
  createHash('sha256').update(`session ${sessionId}`).digest('base64url').slice(0, 16)

/** What participants may publish while the chair keeps the microphones, as it stands in a token. */
const SOURCES_WITHOUT_MICROPHONE = ['camera', 'screen_share', 'screen_share_audio']

/** Long enough for a long sitting; the room asks for a new one when it comes back later. */
const LIFETIME_S = 6 * 3600

/** Without whom there is no meeting: those who run it, and the halls. A media server that is full still lets them in. */
const hasKeptSeat = ({ role, endpointId }: ParticipantAttributes): boolean =>
  isModerator(role) || (role !== 'viewer' && endpointId !== '')

/**
 * A LiveKit token for one participant. Nobody gets `roomAdmin`: what the chair does goes through the portal, which
 * checks it, writes it down and calls RoomService itself.
 */
export async function mintJoinToken(
  livekit: { apiKey: string; apiSecret: string },
  input: JoinTokenInput,
): Promise<string> {
  const isViewer = input.attributes.role === 'viewer'
  const attributes = {
    ...input.attributes,
    // However many microphones are open, whoever leads the meeting is heard.
    ...(input.attributes.role === 'chair' ? { [FLOOR_ATTRIBUTE]: '1' } : {}),
    ...(input.sessionId === null ? {} : { session: sessionMark(input.sessionId) }),
  }
  const isHeld = input.isMicrophoneHeld && !isViewer
  const video = {
    room: input.room,
    roomJoin: true,
    canSubscribe: true,
    canPublish: !isViewer,
    canPublishData: !isViewer,
    ...(isHeld ? { canPublishSources: SOURCES_WITHOUT_MICROPHONE } : {}),
    hidden: isViewer,
    canUpdateOwnMetadata: false,
    ...(hasKeptSeat(input.attributes) ? { keptSeat: true } : {}),
  }
  return await mintAccessToken(
    { key: livekit.apiKey, secret: livekit.apiSecret },
    {
      identity: input.identity,
      name: input.name,
      attributes,
      video,
      roomConfig: { ...input.settings },
    },
    LIFETIME_S,
  )
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
  // The header is the client's word: what is no host must not be a fault of ours.
  const hostname = URL.parse(`http://${page.host}`)?.hostname || 'localhost'
  return `${page.secure ? 'wss' : 'ws'}://${hostname}${port ? `:${port}` : ''}`
}
