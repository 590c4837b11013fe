/**
 * The portal's process: Next.js and the floor's sockets on one port, the job runner and the sweep beside them.
 * Started by `node server/main.ts`; `--dev` serves pages unbuilt.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Server } from 'socket.io'
import { clientAddress } from './client-address.ts'
import { ConfigError, readConfig, serveBuiltPages } from './config.ts'
import { FloorGateway } from './floor/floor-gateway.ts'
import { handleJob } from './jobs/handle-job.ts'
import { JobRunner } from './jobs/job-queue.ts'
import { sweepMeetings } from './meetings/sweep-meetings.ts'
import { createRuntime, type Runtime, setRuntime } from './runtime.ts'
import { upgradeOwner } from './upgrade-owner.ts'

const SWEEP_MS = 15_000
const CLOSE_LIMIT_MS = 8_000
const EX_CONFIG = 78

async function start(runtime: Runtime, dev: boolean): Promise<() => Promise<void>> {
  const { config, log } = runtime
  if (!dev) serveBuiltPages()
  const { default: next } = await import('next')
  const pages = createServer()
  const app = next({
    dev,
    dir: join(import.meta.dirname, '..'),
    // Where Next finds itself when a server action leads to another page.
    hostname: 'localhost',
    port: config.port,
    // Next listens for upgrades on the server it knows and closes those of paths it serves as pages; it gets a server
    // that never listens, and the real one passes on only what is Next's.
    httpServer: pages,
  })
  await app.prepare()
  const handle = app.getRequestHandler()

  const server = createServer((request, response) => {
    if (request.url?.startsWith('/socket.io/')) return
    // Set here and nowhere else: what a client sends under these names is overwritten.
    const { ip, secure } = clientAddress(request, config.trustProxy)
    request.headers['x-real-ip'] = ip
    request.headers['x-forwarded-proto'] = secure ? 'https' : 'http'
    if (request.url === '/healthz') request.url = '/api/health'
    handle(request, response).catch(error => {
      log.error({ err: error }, 'request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  const io = new Server(server, {
    path: '/socket.io/',
    destroyUpgrade: false,
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    allowRequest: (request, decide) => decide(null, isSameOrigin(request, config.publicUrl)),
  })
  server.on('upgrade', (request, socket, head) => {
    const owner = upgradeOwner(request.url, dev)
    if (owner === 'floor') return
    if (owner === 'pages') pages.emit('upgrade', request, socket, head)
    else socket.destroy()
  })

  const gateway = new FloorGateway(runtime, io)
  const runners = (['others', 'mails'] as const).map(lane => new JobRunner(runtime, handleJob, lane))
  const wakeJobs = () => {
    for (const runner of runners) runner.wake()
  }
  runtime.wakeJobs = wakeJobs
  let sweeping: Promise<void> | null = null
  const sweep = setInterval(() => {
    sweeping ??= sweepMeetings(runtime)
      .catch(error => log.warn({ err: error }, 'sweep failed'))
      .finally(() => {
        sweeping = null
      })
  }, SWEEP_MS)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.bind, resolve)
  })
  wakeJobs()
  log.info({ port: config.port, dev }, 'portal is ready')

  return async () => {
    clearInterval(sweep)
    gateway.close()
    await io.close()
    server.closeAllConnections()
    await Promise.all(runners.map(runner => runner.close()))
    await sweeping
    await app.close()
    await runtime.db.$disconnect()
  }
}

/**
 * Sockets are opened by our own pages; other origins (and their visitors' browsers) are refused. A client that is no
 * browser sends no origin. The public address counts too, for proxies that do not pass on the host.
 */
function isSameOrigin(request: IncomingMessage, publicUrl: string): boolean {
  const { origin, host } = request.headers
  if (!origin) return true
  if (!URL.canParse(origin)) return false
  const from = new URL(origin).host
  return from === host || from === new URL(publicUrl).host
}

async function main(): Promise<void> {
  let runtime: Runtime
  try {
    runtime = createRuntime(readConfig())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(EX_CONFIG)
  }
  setRuntime(runtime)
  const { log } = runtime
  const close = await start(runtime, process.argv.includes('--dev')).catch((error: unknown) => {
    const isTaken = (error as { code?: unknown } | null)?.code === 'EADDRINUSE'
    if (isTaken) console.error(`Port ${runtime.config.port} is in use. Set PORT to another one.`)
    else log.fatal({ err: error }, 'portal could not start')
    process.exit(1)
  })
  let isClosing = false
  const stop = (signal: string) => {
    if (isClosing) return
    isClosing = true
    log.info({ signal }, 'portal stops')
    setTimeout(() => process.exit(1), CLOSE_LIMIT_MS).unref()
    close().then(
      () => process.exit(0),
      error => {
        log.error({ err: error }, 'portal did not close cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
}

await main()
