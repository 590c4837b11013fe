import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import type { JobRegistry } from '../jobs/job-registry.ts'
import { serveFile } from './file-server.ts'
import { assertMayRecord, type Keys } from './token.ts'
import { serveTwirp, type TwirpMethod, twirpError } from './twirp.ts'

const TWIRP_PATH = /^\/twirp\/livekit\.Egress\/(\w+)$/
const FILE_PATH = /^\/files\/([^/]+)\/recording\.mp4$/

/** Status of errors of the file server. */
const FILE_STATUS: Record<string, number> = {
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  method_not_allowed: 405,
  recording_running: 409,
}

export interface HttpServerOptions {
  port: number
  bind: string
  keys: Keys
  jobs: () => JobRegistry | null
  methods: () => Map<string, TwirpMethod>
  log: Logger
}

/** `/healthz`, the Egress service and the files. `jobs` is null until the process is ready. */
export class RecordingsHttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server

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
      const jobs = this.#options.jobs()
      if (!jobs) throw new AppError('closed', 'the recorder is starting')
      const method = TWIRP_PATH.exec(path)?.[1]
      if (method) {
        await assertMayRecord(tokenOf(request, null), this.#options.keys)
        return await serveTwirp(request, response, this.#options.methods().get(method))
      }
      const egressId = FILE_PATH.exec(path)?.[1]
      if (egressId) {
        const room = await assertMayRecord(tokenOf(request, url), this.#options.keys)
        if (room !== undefined && jobs.get(egressId).state.roomName !== room)
          throw new AppError('permission_denied', 'permissions denied: the token is for another room')
        return await serveFile(request, response, egressId, jobs)
      }
      throw new AppError('not_found', 'there is nothing here')
    } catch (error) {
      this.#fail(request, response, path, error)
    }
  }

  #health(response: ServerResponse): void {
    const isReady = this.#options.jobs() !== null
    const running = this.#options.jobs()?.list({ isActive: true }).length ?? 0
    const body = JSON.stringify({ status: isReady ? 'ok' : 'starting', running })
    response.writeHead(isReady ? 200 : 503, { 'content-type': 'application/json' }).end(body)
  }

  #fail(request: IncomingMessage, response: ServerResponse, path: string, error: unknown): void {
    const isForeseen = error instanceof AppError
    const facts = { path, method: request.method, err: error }
    if (isForeseen) this.#options.log.debug(facts, 'request refused')
    else this.#options.log.error(facts, 'request failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, body } = twirpError(error)
    const isTwirp = path.startsWith('/twirp/')
    const code = isForeseen ? (FILE_STATUS[error.code] ?? status) : 500
    const text = isTwirp || !isForeseen ? body : { code: error.code, msg: error.message }
    // A body that was not read to its end must not be taken for the next request.
    response.setHeader('connection', 'close')
    response
      .writeHead(isTwirp ? status : code, { 'content-type': 'application/json' })
      .end(JSON.stringify(text))
  }
}

/** Bearer token, or `access_token` of the query where a player cannot set headers. */
function tokenOf(request: IncomingMessage, url: URL | null): string | null {
  const match = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')
  return match?.[1] ?? url?.searchParams.get('access_token') ?? null
}
