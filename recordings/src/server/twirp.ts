import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@diemcau/core/errors.ts'

/** Twirp error codes with their HTTP status (Twirp wire protocol v7, "Error codes"). */
const STATUS: Record<string, number> = {
  malformed: 400,
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  bad_route: 404,
  already_exists: 409,
  failed_precondition: 412,
  resource_exhausted: 429,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
}

/** Codes of our own errors as Twirp calls them. */
const CODES: Record<string, string> = {
  disk_full: 'resource_exhausted',
  ffmpeg_missing: 'failed_precondition',
  recording_transition: 'failed_precondition',
  recording_running: 'failed_precondition',
  closed: 'unavailable',
}

const MAX_BODY_BYTES = 1024 * 1024

/** The Twirp answer for an error; what we did not foresee reveals nothing. */
export function twirpError(error: unknown): { status: number; body: { code: string; msg: string } } {
  const known = error instanceof AppError ? (CODES[error.code] ?? error.code) : 'internal'
  const code = known in STATUS ? known : 'internal'
  const msg = code === 'internal' ? 'internal error' : (error as AppError).message
  return { status: STATUS[code]!, body: { code, msg } }
}

/** A protobuf message class of protobuf-es 1, as much as is needed of it. */
interface MessageType<T> {
  fromBinary(bytes: Uint8Array): T
  fromJson(value: never, options: { ignoreUnknownFields: boolean }): T
}
interface AnyMessage {
  toBinary(): Uint8Array
  toJson(options: { useProtoFieldName: boolean; emitDefaultValues: boolean }): unknown
}

/** One remote method: how its request is read and what answers it. */
export interface TwirpMethod {
  call(body: Buffer, isJson: boolean): Promise<AnyMessage>
}

export function twirpMethod<T>(
  type: MessageType<T>,
  handle: (request: T) => Promise<AnyMessage>,
): TwirpMethod {
  return {
    call(body, isJson) {
      let request: T
      try {
        request = isJson
          ? type.fromJson(JSON.parse(body.toString('utf8') || '{}') as never, { ignoreUnknownFields: true })
          : type.fromBinary(body)
      } catch (error) {
        throw new AppError('malformed', 'the request cannot be decoded', { cause: error })
      }
      return handle(request)
    },
  }
}

/** Serves one Twirp call in JSON or protobuf, as its content type says. Errors go out as Twirp JSON. */
export async function serveTwirp(
  request: IncomingMessage,
  response: ServerResponse,
  method: TwirpMethod | undefined,
): Promise<void> {
  if (request.method !== 'POST') throw new AppError('bad_route', 'only POST is served here')
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  const isJson = type === 'application/json'
  if (!isJson && type !== 'application/protobuf')
    throw new AppError('bad_route', `content type ${type || 'missing'} is not served`)
  if (!method) throw new AppError('unimplemented', 'this method is not implemented')
  const answer = await method.call(await readBody(request), isJson)
  const body = isJson
    ? Buffer.from(JSON.stringify(answer.toJson({ useProtoFieldName: true, emitDefaultValues: true })))
    : Buffer.from(answer.toBinary())
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body)
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new AppError('resource_exhausted', 'the request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
