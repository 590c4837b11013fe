import { AppError, kindOf } from '@diemcau/core/errors.ts'
import { tokenOf } from '@diemcau/core/livekit/access-token.ts'
import {
  encodingOf,
  type TwirpAnswer,
  type TwirpCall,
  type TwirpMethod,
  twirpError,
  twirpResult,
} from '@diemcau/core/livekit/twirp.ts'
import type { VerifiedClaims } from '../room/base/claims.ts'
import type { EgressProxy } from './egress-proxy.ts'
import { refuseService } from './unimplemented.ts'

export interface TwirpHandlerOptions {
  roomService: ReadonlyMap<string, TwirpMethod<VerifiedClaims>>
  egress: EgressProxy
  /** Throws AppError('unauthenticated'). */
  verify(token: string): Promise<VerifiedClaims>
  /** Called with faults of this server, never with the caller's. */
  onInternalError(error: unknown, route: string): void
}

/** Answers every Twirp call; never throws. */
export function createTwirpHandler(options: TwirpHandlerOptions): (call: TwirpCall) => Promise<TwirpAnswer> {
  return async call => {
    try {
      return await dispatch(call, options)
    } catch (error) {
      if (kindOf(error) === 'internal') options.onInternalError(error, call.route)
      return twirpError(error)
    }
  }
}

async function dispatch(call: TwirpCall, options: TwirpHandlerOptions): Promise<TwirpAnswer> {
  const [service = '', name = '', ...rest] = call.route.split('/')
  if (rest.length > 0 || name === '')
    throw new AppError('bad_route', `no handler for path /twirp/${call.route}`)
  const encoding = encodingOf(call)
  if (service === 'livekit.Egress') return options.egress(call)
  if (service === 'livekit.RoomService') {
    const claims = await options.verify(tokenOf({ headers: call }, null))
    const method = options.roomService.get(name)
    if (method === undefined) throw new AppError('unimplemented', `${name} is not implemented by this server`)
    return twirpResult(await method.call(call.body, encoding, claims), encoding)
  }
  if (service.startsWith('livekit.')) {
    await options.verify(tokenOf({ headers: call }, null))
    refuseService(service, name)
  }
  throw new AppError('bad_route', `no handler for path /twirp/${call.route}`)
}
