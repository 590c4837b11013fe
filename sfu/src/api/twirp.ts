import { AppError } from '@diemcau/core/errors.ts'

/** The Twirp v7 wire format: error codes with their HTTP status, and the error body (https://twitchtv.github.io/twirp/docs/spec_v7.html). */

const STATUS_OF_CODE = {
  canceled: 408,
  unknown: 500,
  invalid_argument: 400,
  malformed: 400,
  deadline_exceeded: 408,
  not_found: 404,
  bad_route: 404,
  already_exists: 409,
  permission_denied: 403,
  unauthenticated: 401,
  resource_exhausted: 429,
  failed_precondition: 412,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  dataloss: 500,
} as const
export type TwirpCode = keyof typeof STATUS_OF_CODE

export interface TwirpAnswer {
  status: number
  contentType: string
  body: Uint8Array | string
}

const isTwirpCode = (code: string): code is TwirpCode => Object.hasOwn(STATUS_OF_CODE, code)

/** AppError codes that have another name in Twirp. Whatever is in neither table becomes `internal` and reveals nothing. */
const TWIRP_NAME: Record<string, TwirpCode> = {
  track_not_found: 'not_found',
  room_not_found: 'not_found',
  participant_not_found: 'not_found',
  too_large: 'invalid_argument',
  over_limit: 'invalid_argument',
  /** The method that was called failed, not this server: its word is passed on. */
  rpc_failed: 'internal',
}

function twirpCodeOf(error: unknown): TwirpCode {
  if (!(error instanceof AppError)) return 'internal'
  return isTwirpCode(error.code) ? error.code : (TWIRP_NAME[error.code] ?? 'internal')
}

/** An error as Twirp sends it: always JSON, whatever the request was. */
export function twirpError(error: unknown): TwirpAnswer {
  const code = twirpCodeOf(error)
  const isOurFault = code === 'internal' && !(error instanceof AppError && error.code === 'rpc_failed')
  const msg = isOurFault || !(error instanceof Error) ? 'internal error' : error.message
  return {
    status: STATUS_OF_CODE[code],
    // livekit-server-sdk compares this header with the exact string, without a charset.
    contentType: 'application/json',
    body: JSON.stringify({ code, msg }),
  }
}
