import { AppError } from '@diemcau/core/errors.ts'
import type { TwirpAnswer } from '@diemcau/core/livekit/twirp.ts'

/** A little less than the ten seconds livekit-server-sdk waits, so that the caller hears why. */
const TIMEOUT_MS = 9_000

export type EgressProxy = (call: {
  route: string
  contentType: string
  authorization: string
  body: Uint8Array
}) => Promise<TwirpAnswer>

/**
 * Hands Twirp calls on to the recordings service unchanged (token included: recordings checks it) and its answer back,
 * so that SDKs need one address only. Throws AppError('unavailable') when recordings cannot be reached.
 */
export function createEgressProxy(recordingsUrl: string, fetchImpl: typeof fetch = fetch): EgressProxy {
  return async call => {
    let response: Response
    try {
      response = await fetchImpl(new URL(`/twirp/${call.route}`, recordingsUrl), {
        method: 'POST',
        headers: { 'content-type': call.contentType, authorization: call.authorization },
        body: call.body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const body = new Uint8Array(await response.arrayBuffer())
      return {
        status: response.status,
        contentType: response.headers.get('content-type') ?? 'application/json',
        body,
      }
    } catch (cause) {
      throw new AppError('unavailable', 'the recordings service cannot be reached', { cause })
    }
  }
}
