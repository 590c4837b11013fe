/**
 * The portal's process: Next.js and the floor's sockets on one port, jobs and timers beside them (live-parts.ts).
 * Started by `node server/main.ts`; `--dev` serves pages unbuilt.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { serveOperations } from '@diemcau/core/http/operations-page.ts'
import { FiguresPage } from '@diemcau/core/metrics/figures.ts'
import { EventLoopWatch } from '@diemcau/core/process/event-loop-watch.ts'
import { watchUnexpectedErrors } from '@diemcau/core/process/unexpected-errors.ts'
import { ownsTables } from '@diemcau/prisma/app-role.ts'
import { findDemoFaults } from '@diemcau/prisma/demo-accounts.ts'
import { PATH_HEADER } from './accounts/asked-path.ts'
import { ConfigError, readConfig, serveBuiltPages } from './config.ts'
import { prepareRequest } from './http/prepare-request.ts'
import { atPlace } from './http/request-place.ts'
import { startLiveParts } from './live-parts.ts'
import { portalFigures } from './operations/portal-figures.ts'
import { portalNotReady, readPortalReport } from './operations/portal-report.ts'
import { isReadableTarget } from './request-target.ts'
import { createRuntime, type Runtime, setRuntime } from './runtime.ts'
import { upgradeOwner } from './upgrade-owner.ts'

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

  const eventLoop = new EventLoopWatch()
  const operations = {
    metrics: new FiguresPage(portalFigures, () => readPortalReport(runtime, live, eventLoop)),
    access: config.metricsAccess,
    notReady: () => portalNotReady(runtime),
  }
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/socket.io/')) return
    if (await serveOperations(request, response, operations)) return
    if (!isReadableTarget(request.url)) {
      response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('Địa chỉ không hợp lệ. / This address cannot be read.\n')
      return
    }
    const ip = prepareRequest(request, response, config, dev)
    if (ip === null) return
    request.headers[PATH_HEADER] = request.url ?? '/'
    if (request.url === '/healthz') request.url = '/api/health'
    atPlace(ip, request.url, () => handle(request, response)).catch(error => {
      log.error({ err: error }, 'request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  const live = startLiveParts(runtime, server)
  server.on('upgrade', (request, socket, head) => {
    const owner = upgradeOwner(request.url, dev)
    if (owner === 'floor') return
    if (owner === 'pages') pages.emit('upgrade', request, socket, head)
    else socket.destroy()
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.bind, resolve)
  })
  runtime.wakeJobs()
  log.info({ port: config.port, dev }, 'portal is ready')

  return async () => {
    operations.metrics.close()
    eventLoop.close()
    await live.close()
    await app.close()
    await runtime.db.$disconnect()
  }
}

/** What only the database knows and must be so before anybody is served. Ends the process with the remedy. */
async function assertFit({ config, db, log }: Runtime): Promise<void> {
  const { production, exposed } = config
  if (!production && !exposed) return
  try {
    const faults = await findDemoFaults(db, { production, exposed })
    if (faults.length > 0) {
      for (const fault of faults) console.error(fault)
      process.exit(EX_CONFIG)
    }
    if (await ownsTables(sql => db.$queryRawUnsafe(sql)))
      log.warn(
        'DATABASE_URL: its role owns the tables, so that append-only is only as strong as this process: see MIGRATION_DATABASE_URL',
      )
  } catch (error) {
    log.fatal({ err: error }, 'the database could not be looked at')
    process.exit(1)
  }
}

async function main(): Promise<void> {
  process.umask(0o077)
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
  watchUnexpectedErrors(log)
  await assertFit(runtime)
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
