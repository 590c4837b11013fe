import type { IncomingMessage, ServerResponse } from 'node:http'
import { type MetricsAccess, mayReadMetrics } from './metrics-access.ts'

export interface OperationsPages {
  metrics: { contentType: string; text(): Promise<string> }
  access: MetricsAccess
  /** Why nobody should be led here now, in words; undefined: they may. Must not throw, and answer within seconds. */
  notReady(): Promise<string | undefined> | string | undefined
}

/** Answers `/metrics` and `/readyz` for who runs the process; false: the request is for something else. Never rejects. */
export async function serveOperations(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, access, notReady }: OperationsPages,
): Promise<boolean> {
  const path = (request.url ?? '').split('?')[0]
  if (path === '/readyz') {
    const reason = await notReady()
    send(
      response,
      reason === undefined ? 200 : 503,
      JSON.stringify(reason === undefined ? { status: 'ready' } : { status: 'not ready', reason }),
    )
    return true
  }
  if (path !== '/metrics') return false
  if (!mayReadMetrics(request, access)) send(response, 404, JSON.stringify({ status: 'not found' }))
  else
    await metrics.text().then(
      text => send(response, 200, text, metrics.contentType),
      () => send(response, 503, JSON.stringify({ status: 'no figures' })),
    )
  return true
}

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
