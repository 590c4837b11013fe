import { regionsOf } from '../room/base/close-reasons.ts'

/**
 * `GET /settings/regions` (RegionSettings of livekit_rtc.proto as JSON): the places a client may connect to, nearest
 * first. One node is one region: this one is reached at the address the client used.
 * @param host the request's `Host` header.
 */
export function regionSettings(host: string, isSecure: boolean, otherUrls: string[] = []): string {
  const url = `${isSecure ? 'wss' : 'ws'}://${host}`
  const others = otherUrls.filter(other => other !== url)
  // As LiveKit's server writes it: the distance also where it is 0.
  return regionsOf([url, ...others]).toJsonString({ emitDefaultValues: true })
}
