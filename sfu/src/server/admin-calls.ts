import type { IncomingMessage } from 'node:http'
import type { DrainReport, NodeReport } from '@diemcau/core/contracts/node-report.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { tokenOf } from '@diemcau/core/livekit/access-token.ts'
import type { Log } from '../room/base/log.ts'
import type { TokenVerifier } from './verify-token.ts'

export interface AdminCallsOptions {
  verify: TokenVerifier
  report(): Promise<NodeReport>
  drain: { begin(): DrainReport; end(): DrainReport }
  log: Log
}

/** Undefined: it is no call of ours. Throws AppError for a call that is refused. */
export type AdminCalls = (
  request: IncomingMessage,
  path: string,
) => Promise<{ status: number; body: object } | undefined>

/**
 * Calls about this very node, for whoever runs it; no part of LiveKit's API. The token is one of the API's keys with the grant `nodeAdmin`, in the
 * header only, so that it is in no address.
 *
 *     GET    /admin/node    200 NodeReport
 *     POST   /admin/drain   202 DrainReport: people are led to other nodes
 *     DELETE /admin/drain   200 DrainReport: newcomers are welcome again
 */
export function createAdminCalls({ verify, report, drain, log }: AdminCallsOptions): AdminCalls {
  return async (request, path) => {
    if (!path.startsWith('/admin/')) return undefined
    const { video, identity } = await verify(tokenOf(request, null))
    if (video.nodeAdmin !== true)
      throw new AppError('permission_denied', 'permission denied: the token has no nodeAdmin grant')
    switch (`${request.method} ${path}`) {
      case 'GET /admin/node':
        return { status: 200, body: await report() }
      case 'POST /admin/drain':
        log.info({ by: identity }, 'a drain is asked for')
        return { status: 202, body: drain.begin() }
      case 'DELETE /admin/drain':
        log.info({ by: identity }, 'the end of a drain is asked for')
        return { status: 200, body: drain.end() }
      default:
        throw new AppError('not_found', 'there is no such call')
    }
  }
}
