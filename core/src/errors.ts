/**
 * The one error type of the product and its closed set of codes. A code is stable and may be shown; its kind says what sort of
 * fault it is, and every edge (HTTP, Twirp, signalling, socket.io, forms) has one total table over kinds. What is no AppError
 * is `internal`: it reveals nothing, and whoever asked may ask again.
 */

/** Whose fault it is and whether asking again helps. The names are Twirp's where it has one. */
export type ErrorKind =
  | 'invalid_argument'
  | 'malformed'
  | 'too_large'
  | 'bad_route'
  | 'method_not_allowed'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'unimplemented'
  | 'resource_exhausted'
  | 'unavailable'
  | 'canceled'
  /** Somebody we asked on the caller's behalf failed: its word is passed on. */
  | 'remote_failed'
  | 'internal'

const KIND_OF_CODE = {
  // What was asked cannot be read, or cannot be.
  invalid_argument: 'invalid_argument',
  invalid_input: 'invalid_argument',
  invalid_command: 'invalid_argument',
  name_required: 'invalid_argument',
  over_limit: 'invalid_argument',
  bad_sdp: 'invalid_argument',
  codec_unsupported: 'invalid_argument',
  malformed: 'malformed',
  too_large: 'too_large',
  bad_route: 'bad_route',
  method_not_allowed: 'method_not_allowed',
  unimplemented: 'unimplemented',
  // Who asks.
  unauthenticated: 'unauthenticated',
  not_signed_in: 'unauthenticated',
  invalid_signature: 'unauthenticated',
  permission_denied: 'permission_denied',
  forbidden: 'permission_denied',
  moderators_only: 'permission_denied',
  viewers_may_not_chat: 'permission_denied',
  viewers_may_not_raise: 'permission_denied',
  viewers_may_not_ask: 'permission_denied',
  chat_closed: 'permission_denied',
  // What it is about.
  not_found: 'not_found',
  track_not_found: 'not_found',
  already_exists: 'already_exists',
  failed_precondition: 'failed_precondition',
  meeting_over: 'failed_precondition',
  not_recorded: 'failed_precondition',
  not_yourself: 'failed_precondition',
  not_editable: 'failed_precondition',
  not_started: 'failed_precondition',
  not_recording: 'failed_precondition',
  already_recording: 'failed_precondition',
  already_settled: 'failed_precondition',
  floor_moved: 'failed_precondition',
  too_late: 'failed_precondition',
  recording_running: 'failed_precondition',
  recording_transition: 'failed_precondition',
  end_to_end_encrypted: 'failed_precondition',
  drain_refused: 'failed_precondition',
  ffmpeg_missing: 'failed_precondition',
  participant_closed: 'failed_precondition',
  // What passes.
  resource_exhausted: 'resource_exhausted',
  too_many_requests: 'resource_exhausted',
  rate_limited: 'resource_exhausted',
  disk_full: 'resource_exhausted',
  unavailable: 'unavailable',
  media_unavailable: 'unavailable',
  not_ready: 'unavailable',
  closed: 'unavailable',
  canceled: 'canceled',
  // What is broken.
  rpc_failed: 'remote_failed',
  recording_failed: 'remote_failed',
  internal: 'internal',
  ffmpeg_failed: 'internal',
  probe_failed: 'internal',
  bad_result: 'internal',
  // What keeps a process from starting.
  port_in_use: 'internal',
  port_failed: 'internal',
  media_failed: 'internal',
  media_start_failed: 'internal',
  data_failed: 'internal',
} as const satisfies Record<string, ErrorKind>

export type AppErrorCode = keyof typeof KIND_OF_CODE

export const isErrorCode = (code: unknown): code is AppErrorCode =>
  typeof code === 'string' && Object.hasOwn(KIND_OF_CODE, code)

/** Kinds that may be over by themselves. All others will be the same however often one asks. */
const PASSING: ReadonlySet<ErrorKind> = new Set([
  'resource_exhausted',
  'unavailable',
  'canceled',
  'remote_failed',
  'internal',
])

export interface AppErrorOptions {
  cause?: unknown
  /** Facts for the user's text, never secrets. */
  detail?: Record<string, string | number | boolean>
}

/** `message` is for logs and, unless the kind is `internal`, for the caller: it holds no secret. */
export class AppError extends Error {
  readonly code: AppErrorCode
  readonly detail: AppErrorOptions['detail']
  constructor(code: AppErrorCode, message: string, options?: AppErrorOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = options?.detail
  }
}

/**
 * The error as one of ours, or null. By name rather than by class: Next bundles its own copy of every module, so that what
 * the portal's main process throws is of another class than what a route knows.
 */
export function asAppError(error: unknown): AppError | null {
  if (error instanceof AppError) return error
  if (!(error instanceof Error) || error.name !== 'AppError' || !('code' in error)) return null
  return isErrorCode(error.code) ? (error as AppError) : null
}

/** The code of whatever was thrown; `internal` for what is not ours. */
export const codeOf = (error: unknown): AppErrorCode => asAppError(error)?.code ?? 'internal'

export const kindOfCode = (code: AppErrorCode): ErrorKind => KIND_OF_CODE[code]
export const kindOf = (error: unknown): ErrorKind => KIND_OF_CODE[codeOf(error)]

/** Whether the same thing asked again will fail the same way. What we did not foresee counts as passing. */
export const isPermanent = (error: unknown): boolean => !PASSING.has(kindOf(error))

/** What a caller may read of an error: its own faults in words, ours not at all. */
export const messageFor = (error: unknown): string => {
  const known = asAppError(error)
  return known === null || KIND_OF_CODE[known.code] === 'internal' ? 'internal error' : known.message
}
