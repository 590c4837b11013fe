import { mintAccessToken } from '@diemcau/core/livekit/access-token.ts'

/** LiveKit's grants of one participant, as far as the load tool sets them. */
export interface Grant {
  room: string
  canPublish: boolean
  canSubscribe: boolean
}

const VALID_FOR_S = 3600

/** A LiveKit access token of somebody who joins, valid for an hour. */
export const accessToken = (key: string, secret: string, identity: string, grant: Grant): Promise<string> =>
  mintAccessToken(
    { key, secret },
    { identity, name: identity, video: { roomJoin: true, canPublishData: false, ...grant } },
    VALID_FOR_S,
  )
