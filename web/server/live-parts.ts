/** What a portal does beside answering requests: the floor's sockets, jobs, and what time alone decides. */
import type { Server as HttpServer } from 'node:http'
import { clientAddress } from '@diemcau/core/net/client-address.ts'
import { Server } from 'socket.io'
import { endExpiredSessions } from './floor/end-rights.ts'
import { FloorGateway } from './floor/floor-gateway.ts'
import { SocketDoor } from './floor/socket-door.ts'
import { isOwnRequest } from './http/prepare-request.ts'
import { handleJob } from './jobs/handle-job.ts'
import { JobRunner } from './jobs/job-queue.ts'
import { sweepMeetings } from './meetings/sweep-meetings.ts'
import { LeasedTimer } from './portals/lease.ts'
import { openPortalAdapter } from './portals/redis-adapter.ts'
import type { Runtime } from './runtime.ts'

const SWEEP_MS = 15_000
const EXPIRED_SESSIONS_MS = 2_000

interface LiveParts {
  /** Of this portal alone. */
  readonly sockets: FloorGateway['sockets']
  close(): Promise<void>
}

/**
 * Attaches to `server`, under `/socket.io/`; jobs begin with the first `runtime.wakeJobs()`. `close` waits for the work under way; it
 * leaves the database open. @param options as for the gateway
 */
export function startLiveParts(
  runtime: Runtime,
  server: HttpServer,
  options: { graceMs?: number; pulseMs?: number } = {},
): LiveParts {
  const { config, log } = runtime
  const door = new SocketDoor()
  const others = config.redisUrl === null ? null : openPortalAdapter(config.redisUrl, log)
  const io = new Server(server, {
    path: '/socket.io/',
    destroyUpgrade: false,
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    ...(others ? { adapter: others.adapter } : {}),
    allowRequest: (request, decide) => {
      const mayEnter = door.mayEnter(clientAddress(request, config.trustedProxies))
      decide(null, mayEnter && isOwnRequest(request, config))
    },
  })
  const gateway = new FloorGateway(runtime, io, { ...options, door, isShared: others !== null })
  const runners = (['others', 'mails'] as const).map(lane => new JobRunner(runtime, handleJob, lane))
  runtime.wakeJobs = () => {
    for (const runner of runners) runner.wake()
  }
  const closeExpiry = endExpiredSessionsRegularly(runtime)
  const sweep = new LeasedTimer(runtime, { name: 'sweep', everyMs: SWEEP_MS, work: sweepMeetings })
  return {
    get sockets() {
      return gateway.sockets
    },
    async close() {
      closeExpiry()
      const left = gateway.close()
      await io.close()
      others?.close()
      server.closeAllConnections()
      await left
      await Promise.all(runners.map(runner => runner.close()))
      await sweep.close()
    },
  }
}

/** Every portal does: it is one query, and whose session ended must not stay until another portal takes over. */
function endExpiredSessionsRegularly(runtime: Runtime): () => void {
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    endExpiredSessions(runtime)
      .catch(error => runtime.log.warn({ err: error }, 'expired sessions were not looked for'))
      .finally(() => {
        isLooking = false
      })
  }, EXPIRED_SESSIONS_MS)
  return () => clearInterval(timer)
}
