import type { IncomingMessage } from 'node:http'
import type { DrainReport, NodeReport } from '@diemcau/core/contracts/node-report.ts'
import type { DrainOrder, NodesReport } from '@diemcau/core/contracts/nodes-report.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { tokenOf } from '@diemcau/core/livekit/access-token.ts'
import type { Log } from '../room/base/log.ts'
import type { TokenVerifier } from './verify-token.ts'

export interface AdminCallsOptions {
  verify: TokenVerifier
  report(): Promise<NodeReport>
  drain: { begin(): DrainReport; end(): DrainReport }
  nodes: {
    report(): Promise<NodesReport>
    drain(incarnation: string, order: DrainOrder): Promise<DrainReport>
  }
  log: Log
}

const DRAIN_OF_NODE = /^\/admin\/nodes\/([\w-]{1,64})\/drain$/

/** Undefined: it is no call of ours. Throws AppError for a call that is refused. */
export type AdminCalls = (
  request: IncomingMessage,
  path: string,
) => Promise<{ status: number; body: object } | undefined>

/**
 * Calls about this very node, and about all of the cluster whichever node is asked, for whoever runs it; no part of LiveKit's API. The token is one of the API's keys with the grant `nodeAdmin`, in the
 * header only, so that it is in no address.
 *
 *     GET    /admin/node    200 NodeReport
 *     POST   /admin/drain   202 DrainReport: people are led to other nodes
 *     DELETE /admin/drain   200 DrainReport: newcomers are welcome again
 *     GET    /admin/nodes   200 NodesReport
 *     POST, DELETE /admin/nodes/<incarnation>/drain   as above, of that node
 */
export function createAdminCalls({ verify, report, drain, nodes, log }: AdminCallsOptions): AdminCalls {
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
      case 'GET /admin/nodes':
        return { status: 200, body: await nodes.report() }
      default: {
        const incarnation = DRAIN_OF_NODE.exec(path)?.[1]
        const isWanted = request.method === 'POST'
        if (incarnation !== undefined && (isWanted || request.method === 'DELETE'))
          return {
            status: isWanted ? 202 : 200,
            body: await nodes.drain(incarnation, { isWanted, by: identity }),
          }
        throw new AppError('not_found', 'there is no such call')
      }
    }
  }
}
