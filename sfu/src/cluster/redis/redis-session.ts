import { createClient, ErrorReply } from 'redis'
import type { RedisAddress, RedisTarget } from './redis-url.ts'

/** Redis did not answer, or nobody could be asked. What was asked may have happened, unless `isUnsent`. */
export class RedisAwayError extends Error {
  /** It was never given to the network. */
  readonly isUnsent: boolean
  constructor(message: string, options: { isUnsent?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'RedisAwayError'
    this.isUnsent = options.isUnsent ?? false
  }
}

/** The server is there and cannot serve a cluster; the message says what to set. */
export class RedisUnfitError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RedisUnfitError'
  }
}

/** How to log in to a server or a Sentinel. */
export interface RedisLogin {
  tls: boolean
  username: string | undefined
  password: string | undefined
  database: number
  /** Certificates to believe instead of the system's, PEM. Undefined: the system's and NODE_EXTRA_CA_CERTS. */
  ca: string | undefined
  /** Shown by CLIENT LIST. */
  name: string
}

/** A reply as the client gives it: bulk strings as text, integers as numbers, nil as null. */
export type RedisReply = string | number | boolean | null | RedisReply[] | { [field: string]: RedisReply }

/**
 * One connection to one server, from its opening to its loss; it is never opened again (RedisConnection opens the next). Every
 * command is bounded in time. One that is not answered in its time ends the connection: answers come in order, so nothing
 * behind it would be answered either.
 */
export class RedisSession {
  readonly address: RedisAddress
  readonly #client: Client
  #reason: Error | undefined
  #onLost: ((reason: Error) => void) | undefined

  private constructor(address: RedisAddress, client: Client) {
    this.address = address
    this.#client = client
    client.on('error', (error: Error) => this.close(error))
  }

  /** @throws RedisAwayError when it is not open after `timeoutMs`; RedisUnfitError when it refuses user or password */
  static async open(address: RedisAddress, login: RedisLogin, timeoutMs: number): Promise<RedisSession> {
    const client = makeClient(address, login, timeoutMs)
    const session = new RedisSession(address, client)
    try {
      await within(client.connect(), timeoutMs, 'no connection in time')
      return session
    } catch (error) {
      const reason = asError(error)
      session.close(reason)
      if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(reason.message))
        throw new RedisUnfitError('Redis refuses the user or the password of REDIS_URL')
      throw new RedisAwayError(`${at(address)}: ${reason.message}`, { isUnsent: true, cause: error })
    }
  }

  get isOpen(): boolean {
    return this.#reason === undefined
  }

  /** Called once, when the connection is lost or closed; at once when it already is. */
  onLost(listener: (reason: Error) => void): void {
    this.#onLost = listener
    if (this.#reason) listener(this.#reason)
  }

  /**
   * @throws RedisAwayError when no answer came in `timeoutMs` (the connection is closed then); Redis's own error otherwise
   */
  async send(command: string[], timeoutMs: number): Promise<RedisReply> {
    if (this.#reason) throw new RedisAwayError(this.#reason.message, { isUnsent: true })
    const reply = this.#client.sendCommand<RedisReply>(command)
    try {
      return await within(reply, timeoutMs, 'no answer in time')
    } catch (error) {
      const reason = asError(error)
      if (error instanceof ErrorReply) {
        // It became a copy of another while we were talking to it.
        if (reason.message.startsWith('READONLY')) this.close(reason)
        throw reason
      }
      this.close(reason)
      throw new RedisAwayError(`${at(this.address)}: ${reason.message}`, { cause: error })
    }
  }

  /** What is under way fails. Safe to call twice. */
  close(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#client.destroy()
    this.#onLost?.(reason)
  }
}

type Client = ReturnType<typeof makeClient>

function makeClient({ host, port }: RedisAddress, login: RedisLogin, timeoutMs: number) {
  const { tls, ca, username, password, database, name } = login
  const common = { host, port, connectTimeout: timeoutMs, reconnectStrategy: false as const, noDelay: true }
  return createClient({
    // A name is checked against the certificate; Node sends none for an address.
    socket: tls ? { ...common, tls: true, ...(ca === undefined ? {} : { ca }) } : common,
    username,
    password,
    database,
    name,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: undefined },
  })
}

/** For the log: never with user or password. */
export const at = ({ host, port }: RedisAddress) => `${host.includes(':') ? `[${host}]` : host}:${port}`

export const loginOf = (target: RedisTarget, name: string, ca: string | undefined): RedisLogin => {
  const { tls, username, password, database } = target
  return { tls, username, password, database, ca, name }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)))

/** Rejects after `timeoutMs`; what the promise does later is ignored. */
async function within<T>(promise: Promise<T>, timeoutMs: number, words: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(words)), timeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
