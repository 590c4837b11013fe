import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError, codeOf, kindOf, messageFor } from '@diemcau/core/errors.ts'
import type { MetricsAccess } from '@diemcau/core/http/metrics-access.ts'
import { type OperationsPages, serveOperations } from '@diemcau/core/http/operations-page.ts'
import { readBody } from '@diemcau/core/http/read-body.ts'
import { statusOf } from '@diemcau/core/http/status.ts'
import { type ApiKey, tokenOf } from '@diemcau/core/livekit/access-token.ts'
import {
  encodingOf,
  type TwirpAnswer,
  type TwirpMethod,
  twirpError,
  twirpResult,
} from '@diemcau/core/livekit/twirp.ts'
import type { Logger } from 'pino'
import type { JobRegistry } from '../jobs/job-registry.ts'
import { serveFile } from './file-server.ts'
import { assertMayRecord } from './token.ts'

const TWIRP_PATH = /^\/twirp\/livekit\.Egress\/(\w+)$/
const FILE_PATH = /^\/files\/([^/]+)\/recording\.mp4$/

const MAX_BODY_BYTES = 1024 * 1024

export interface HttpServerOptions {
  port: number
  bind: string
  keys: readonly ApiKey[]
  jobs: () => JobRegistry | null
  /** Which folder it shares with other recorders; null: it has its own. */
  store: string | null
  metrics: OperationsPages['metrics']
  metricsAccess: MetricsAccess
  methods: () => Map<string, TwirpMethod<void>>
  log: Logger
}

/** `/healthz`, `/readyz`, `/metrics`, the Egress service and the files. `jobs` is null until the process is ready. */
export class RecordingsHttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  #isStopping = false

  private constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => void this.#handle(request, response))
  }

  /** @throws Node's error, such as EADDRINUSE, when the port cannot be opened. */
  static async create(options: HttpServerOptions): Promise<RecordingsHttpServer> {
    const self = new RecordingsHttpServer(options)
    self.#server.listen(options.port, options.bind)
    await once(self.#server, 'listening')
    return self
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on `/readyz` says that it stops; all else goes on. */
  refuseNew(): void {
    this.#isStopping = true
  }

  /** Stops accepting and ends open downloads. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    const path = url?.pathname ?? '/'
    try {
      if (path === '/healthz') return this.#health(response)
      if (await serveOperations(request, response, this.#operations)) return
      const jobs = this.#options.jobs()
      if (!jobs) throw new AppError('closed', 'the recorder is starting')
      const method = TWIRP_PATH.exec(path)?.[1]
      if (method) {
        await assertMayRecord(tokenOf(request, null), this.#options.keys)
        return write(response, await this.#callTwirp(request, method))
      }
      const egressId = FILE_PATH.exec(path)?.[1]
      if (egressId) {
        const room = await assertMayRecord(tokenOf(request, url?.searchParams ?? null), this.#options.keys)
        if (room !== undefined && (await jobs.get(egressId)).state.roomName !== room)
          throw new AppError('permission_denied', 'permissions denied: the token is for another room')
        return await serveFile(request, response, egressId, jobs)
      }
      throw new AppError('not_found', 'there is nothing here')
    } catch (error) {
      this.#fail(request, response, path, error)
    }
  }

  get #operations(): OperationsPages {
    const { metrics, metricsAccess, jobs } = this.#options
    const notReady = () => {
      if (this.#isStopping) return 'the recorder is stopping'
      return jobs() ? undefined : 'the recorder is starting'
    }
    return { metrics, access: metricsAccess, notReady }
  }

  #health(response: ServerResponse): void {
    const jobs = this.#options.jobs()
    const isReady = jobs !== null
    const running = jobs?.running ?? 0
    // Read by media servers that know several recorders: sfu/src/api/egress-recorders.ts.
    const free = jobs && Number.isFinite(jobs.free) ? { free: this.#isStopping ? 0 : jobs.free } : {}
    const body = JSON.stringify({
      status: isReady ? 'ok' : 'starting',
      running,
      ...free,
      store: this.#options.store ?? undefined,
    })
    response.writeHead(isReady ? 200 : 503, { 'content-type': 'application/json' }).end(body)
  }

  async #callTwirp(request: IncomingMessage, name: string): Promise<TwirpAnswer> {
    const encoding = encodingOf({
      httpMethod: request.method ?? '',
      contentType: request.headers['content-type'] ?? '',
    })
    const method = this.#options.methods().get(name)
    if (!method) throw new AppError('unimplemented', 'this method is not implemented')
    const body = await readBody(request, MAX_BODY_BYTES, request.headers['content-length'])
    return twirpResult(await method.call(body, encoding), encoding)
  }

  #fail(request: IncomingMessage, response: ServerResponse, path: string, error: unknown): void {
    const facts = { path, method: request.method, err: error }
    if (kindOf(error) === 'internal') this.#options.log.error(facts, 'request failed')
    else this.#options.log.debug(facts, 'request refused')
    if (response.headersSent) {
      response.destroy()
      return
    }
    // A body that was not read to its end must not be taken for the next request.
    response.setHeader('connection', 'close')
    const body = JSON.stringify({ code: codeOf(error), msg: messageFor(error) })
    const ofFiles = { status: statusOf(error), contentType: 'application/json', body }
    write(response, path.startsWith('/twirp/') ? twirpError(error) : ofFiles)
  }
}

function write(response: ServerResponse, { status, contentType, body }: TwirpAnswer): void {
  response
    .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
    .end(body)
}
