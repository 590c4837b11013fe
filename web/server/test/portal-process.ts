/**
 * A portal in a process of its own: all that main.ts runs beside the pages, and the use cases that a request would call, asked for by
 * the process that started it. Test-only.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authenticate } from '../accounts/authenticate.ts'
import { revokeSessions } from '../accounts/revoke-sessions.ts'
import { readConfig } from '../config.ts'
import { startLiveParts } from '../live-parts.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { createRuntime, setRuntime } from '../runtime.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'

const runtime = createRuntime(readConfig())
setRuntime(runtime)

const calls = {
  id: async () => runtime.id,
  join: joinMeeting,
  signIn: authenticate,
  revoke: revokeSessions,
  webhook: receiveWebhook,
}
export type PortalCalls = typeof calls

const server = createServer()
startLiveParts(runtime, server, JSON.parse(process.argv[2] ?? '{}'))
server.listen(0, '127.0.0.1', () => {
  runtime.wakeJobs()
  process.send?.({ port: (server.address() as AddressInfo).port })
})

process.on('message', ({ n, call, args }: { n: number; call: keyof PortalCalls; args: unknown[] }) => {
  const run = calls[call] as (...given: unknown[]) => Promise<unknown>
  run(...args).then(
    value => process.send?.({ n, value }),
    error => process.send?.({ n, error: String(error) }),
  )
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0))
