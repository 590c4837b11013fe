/** The portal's way to the recordings service: files by address, with a short-lived LiveKit token. */
import { AppError } from '@diemcau/core/errors.ts'
import { mintAccessToken } from '@diemcau/core/livekit/access-token.ts'
import type { Runtime } from '../runtime.ts'

const TOKEN_S = 600

async function fileToken(runtime: Runtime, room: string): Promise<string> {
  const { apiKey, apiSecret } = runtime.config.livekit
  const key = { key: apiKey, secret: apiSecret }
  return await mintAccessToken(key, { identity: 'portal', video: { room, roomRecord: true } }, TOKEN_S)
}

/**
 * The file (or the part `range` names) as a stream. @throws AppError `media_unavailable` when the recordings service
 * is away, `not_found` when it has no such file.
 */
export async function fetchRecordingFile(
  runtime: Runtime,
  file: { location: string; meetingId: string },
  range: string | null,
): Promise<Response> {
  const headers = new Headers({ authorization: `Bearer ${await fileToken(runtime, file.meetingId)}` })
  if (range) headers.set('range', range)
  const response = await fetch(file.location, { headers, cache: 'no-store' }).catch(cause => {
    throw new AppError('media_unavailable', 'the recordings service cannot be reached', { cause })
  })
  if (response.status === 200 || response.status === 206 || response.status === 416) return response
  await response.body?.cancel()
  if (response.status === 404) throw new AppError('not_found', 'the recordings service has no such file')
  throw new AppError('media_unavailable', `the recordings service answered ${response.status}`)
}

/** Job. A file that is gone already is what was wanted. */
export async function deleteRecordingFile(
  runtime: Runtime,
  file: { location: string; meetingId: string },
): Promise<void> {
  const response = await fetch(file.location, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${await fileToken(runtime, file.meetingId)}` },
    signal: AbortSignal.timeout(10_000),
  })
  await response.body?.cancel()
  if (!response.ok && response.status !== 404)
    throw new AppError('media_unavailable', `deletion was answered ${response.status}`)
}
