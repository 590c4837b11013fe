import { AppError } from '@diemcau/core/errors.ts'
import type { VerifiedClaims } from '../room/claims.ts'
import type { EgressProxy } from './egress-proxy.ts'
import type { Encoding, Method } from './room-service.ts'
import { type TwirpAnswer, twirpError } from './twirp.ts'
import { refuseService } from './unimplemented.ts'

/** One Twirp call, already read from the network. */
export interface TwirpCall {
  /** Path after `/twirp/`, e.g. `livekit.RoomService/CreateRoom`. */
  route: string
  httpMethod: string
  contentType: string
  authorization: string
  body: Uint8Array
}

export interface TwirpHandlerOptions {
  roomService: ReadonlyMap<string, Method>
  egress: EgressProxy
  /** Throws AppError('unauthenticated'). */
  verify(token: string): Promise<VerifiedClaims>
  /** Told of faults of ours (never of the caller's). */
  onInternalError(error: unknown, route: string): void
}

/** Answers every Twirp call; never throws. */
export function createTwirpHandler(options: TwirpHandlerOptions): (call: TwirpCall) => Promise<TwirpAnswer> {
  return async call => {
    try {
      return await dispatch(call, options)
    } catch (error) {
      const answer = twirpError(error)
      const isOurFault = answer.status === 500 && !(error instanceof AppError && error.code === 'rpc_failed')
      if (isOurFault) options.onInternalError(error, call.route)
      return answer
    }
  }
}

async function dispatch(call: TwirpCall, options: TwirpHandlerOptions): Promise<TwirpAnswer> {
  const [service = '', name = '', ...rest] = call.route.split('/')
  if (rest.length > 0 || name === '')
    throw new AppError('bad_route', `no handler for path /twirp/${call.route}`)
  if (call.httpMethod !== 'POST')
    throw new AppError('bad_route', `unsupported method ${call.httpMethod} (only POST is allowed)`)
  if (service === 'livekit.Egress') return options.egress(call)
  if (service === 'livekit.RoomService') {
    const encoding = encodingOf(call.contentType)
    const claims = await options.verify(bearerOf(call))
    const method = options.roomService.get(name)
    if (method === undefined) throw new AppError('unimplemented', `${name} is not implemented by this server`)
    const response = await method.call(call.body, encoding, claims)
    return encoding === 'json'
      ? {
          status: 200,
          contentType: 'application/json',
          // As livekit-server writes it: proto field names, defaults included.
          body: response.toJsonString({ emitDefaultValues: true, useProtoFieldName: true }),
        }
      : { status: 200, contentType: 'application/protobuf', body: response.toBinary() }
  }
  if (service.startsWith('livekit.')) {
    await options.verify(bearerOf(call))
    refuseService(service, name)
  }
  throw new AppError('bad_route', `no handler for path /twirp/${call.route}`)
}

const bearerOf = (call: TwirpCall): string => /^Bearer\s+(.+)$/i.exec(call.authorization)?.[1] ?? ''

function encodingOf(contentType: string): Encoding {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return 'json'
  if (type === 'application/protobuf') return 'protobuf'
  throw new AppError('bad_route', `unexpected Content-Type: ${contentType}`)
}
