import { createHmac } from 'node:crypto'

/** LiveKit's grants of one participant, as far as the load tool sets them. */
export interface Grant {
  room: string
  canPublish: boolean
  canSubscribe: boolean
}

/** A LiveKit access token (JWT, HS256), valid for an hour. */
export function accessToken(apiKey: string, apiSecret: string, identity: string, grant: Grant): string {
  const now = Math.floor(Date.now() / 1000)
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = {
    iss: apiKey,
    sub: identity,
    name: identity,
    nbf: now - 5,
    exp: now + 3600,
    video: { roomJoin: true, canPublishData: false, ...grant },
  }
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${body}.${createHmac('sha256', apiSecret).update(body).digest('base64url')}`
}
