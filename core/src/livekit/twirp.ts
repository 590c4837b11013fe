import { AppError, type ErrorKind, kindOf, messageFor } from '../errors.ts'
import { isStorableJson } from '../text/storable.ts'

/**
 * The Twirp v7 wire format (https://twitchtv.github.io/twirp/docs/spec_v7.html) as LiveKit's services speak it: how a call is
 * read, answered and refused. The messages are those of @livekit/protocol, known here by their shape only.
 */

/** A Twirp call already read from the network. */
export interface TwirpCall {
  /** Path after `/twirp/`, e.g. `livekit.RoomService/CreateRoom`. */
  route: string
  httpMethod: string
  contentType: string
  authorization: string
  body: Uint8Array
}

export interface TwirpAnswer {
  status: number
  contentType: string
  body: Uint8Array | string
}

interface WireMessage {
  toBinary(): Uint8Array
  toJsonString(options?: { emitDefaultValues?: boolean; useProtoFieldName?: boolean }): string
}
interface WireType<T> {
  fromBinary(bytes: Uint8Array): T
  fromJsonString(text: string, options?: { ignoreUnknownFields?: boolean }): T
}

export type Encoding = 'json' | 'protobuf'

/** One remote method: how its request is read and what answers it. `Caller` is what the service knows of who calls. */
export interface TwirpMethod<Caller> {
  /** @throws AppError `malformed`, `invalid_argument`, and what the method itself throws. */
  call(body: Uint8Array, encoding: Encoding, caller: Caller): Promise<WireMessage>
}

/** Twirp's name and HTTP status of each kind of fault. */
const WORD: Record<ErrorKind, { code: string; status: number }> = {
  invalid_argument: { code: 'invalid_argument', status: 400 },
  malformed: { code: 'malformed', status: 400 },
  too_large: { code: 'invalid_argument', status: 400 },
  bad_route: { code: 'bad_route', status: 404 },
  method_not_allowed: { code: 'bad_route', status: 404 },
  unauthenticated: { code: 'unauthenticated', status: 401 },
  permission_denied: { code: 'permission_denied', status: 403 },
  not_found: { code: 'not_found', status: 404 },
  already_exists: { code: 'already_exists', status: 409 },
  failed_precondition: { code: 'failed_precondition', status: 412 },
  unimplemented: { code: 'unimplemented', status: 501 },
  resource_exhausted: { code: 'resource_exhausted', status: 429 },
  unavailable: { code: 'unavailable', status: 503 },
  canceled: { code: 'canceled', status: 408 },
  remote_failed: { code: 'internal', status: 500 },
  internal: { code: 'internal', status: 500 },
}

/** An error as Twirp sends it: always JSON, whatever the request was. What is not ours reveals nothing. */
export function twirpError(error: unknown): TwirpAnswer {
  const { code, status } = WORD[kindOf(error)]
  return {
    status,
    // livekit-server-sdk compares this header with the exact string, without a charset.
    contentType: 'application/json',
    body: JSON.stringify({ code, msg: messageFor(error) }),
  }
}

/** A method that decodes its request by `type` and runs. Texts no database could hold are refused here, for all methods. */
export function twirpMethod<Request, Caller>(
  type: WireType<Request>,
  run: (request: Request, caller: Caller) => Promise<WireMessage>,
): TwirpMethod<Caller> {
  return {
    async call(body, encoding, caller) {
      let request: Request
      try {
        request =
          encoding === 'json'
            ? type.fromJsonString(new TextDecoder().decode(body) || '{}', { ignoreUnknownFields: true })
            : type.fromBinary(body)
      } catch (cause) {
        throw new AppError('malformed', 'the request could not be decoded', { cause })
      }
      if (!isStorableJson(request))
        throw new AppError(
          'invalid_argument',
          'a text of the request holds U+0000 or half of a surrogate pair',
        )
      return await run(request, caller)
    },
  }
}

/** How the request is encoded. @throws AppError `bad_route` for what Twirp does not speak. */
export function encodingOf(call: Pick<TwirpCall, 'httpMethod' | 'contentType'>): Encoding {
  if (call.httpMethod !== 'POST')
    throw new AppError('bad_route', `unsupported method ${call.httpMethod} (only POST is allowed)`)
  const type = call.contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return 'json'
  if (type === 'application/protobuf') return 'protobuf'
  throw new AppError('bad_route', `unexpected Content-Type: ${call.contentType.slice(0, 100)}`)
}

/** A method's result as it goes out: JSON as livekit-server writes it, with proto field names and defaults. */
export const twirpResult = (message: WireMessage, encoding: Encoding): TwirpAnswer =>
  encoding === 'json'
    ? {
        status: 200,
        contentType: 'application/json',
        body: message.toJsonString({ emitDefaultValues: true, useProtoFieldName: true }),
      }
    : { status: 200, contentType: 'application/protobuf', body: message.toBinary() }
