import type { IncomingMessage } from 'node:http'

/**
 * `GET /settings/regions` (RegionSettings of livekit_rtc.proto as JSON): the places a client may connect to, nearest
 * first. One node is one region, reached at the address the client used.
 */
export function regionSettings(request: IncomingMessage, isProxyTrusted: boolean): string {
  const forwarded = isProxyTrusted ? request.headers['x-forwarded-proto'] : undefined
  const isSecure = forwarded === 'https' || forwarded === 'wss'
  const host = request.headers.host ?? ''
  const url = `${isSecure ? 'wss' : 'ws'}://${host}`
  return JSON.stringify({ regions: [{ region: 'local', url, distance: '0' }] })
}
