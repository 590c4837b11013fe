import { type ErrorKind, kindOf } from '../errors.ts'

/** Status of plain HTTP answers (RFC 9110 §15). Twirp has a table of its own, see livekit/twirp.ts. */
const STATUS: Record<ErrorKind, number> = {
  invalid_argument: 400,
  malformed: 400,
  too_large: 413,
  bad_route: 404,
  method_not_allowed: 405,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  already_exists: 409,
  failed_precondition: 409,
  unimplemented: 501,
  resource_exhausted: 429,
  unavailable: 503,
  canceled: 503,
  remote_failed: 502,
  internal: 500,
}

/** The HTTP status of whatever was thrown; 500 for what is not ours. */
export const statusOf = (error: unknown): number => STATUS[kindOf(error)]
