import type { Log } from '../../room/base/log.ts'
import { RecordClock } from '../record/record-clock.ts'
import { findServer, inspectServer } from './find-server.ts'
import type { RedisScript } from './redis-script.ts'
import {
  at,
  loginOf,
  RedisAwayError,
  type RedisReply,
  RedisSession,
  RedisUnfitError,
} from './redis-session.ts'
import type { RedisTarget } from './redis-url.ts'

/** Between two tries to reach Redis, ms. */
const RETRY_MS = 200
/** One try to find the server, to connect and to look at it, each, ms. */
const CONNECT_MS = 2_000

export interface RedisConnectionOptions {
  target: RedisTarget
  log: Log
  /** Told whenever Redis is there (again), and when it is away; never the same twice in a row. */
  listener?: RedisListener
  /** How long an answer may take, ms. */
  timeoutMs?: number
  /** How long the first connection may take, ms. */
  startMs?: number
  /** Certificates to believe instead of the system's, PEM. */
  ca?: string
}

export interface RedisListener {
  handleUp(): void
  handleAway(reason: string): void
}

/** A connection to a server, and which of its lives that is: it ends with either. */
interface LivingSession {
  session: RedisSession
  life: string
}

/**
 * The way to Redis: one session after another, found anew after each loss. Nothing is queued while it is away. `close` ends it.
 */
export class RedisConnection {
  readonly clock = new RecordClock()
  readonly #options: RedisConnectionOptions
  readonly #timeoutMs: number
  readonly #log: Log
  #session: LivingSession | undefined
  #isClosed = false
  #wakeUp: (() => void) | undefined
  /** Why the last try failed, so that a reason is logged once. */
  #lastReason: string | undefined
  #hasWarned = false

  private constructor(options: RedisConnectionOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 1_000
    this.#log = options.log
  }

  /**
   * Resolves when Redis is there for the first time. The listener hears of it before that.
   * @throws RedisUnfitError at once when the server cannot serve a cluster; RedisAwayError after `startMs` (10 s)
   */
  static async create(options: RedisConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options)
    const givenUpAt = performance.now() + (options.startMs ?? 10_000)
    for (;;) {
      try {
        void connection.#keep(await connection.#connect())
        return connection
      } catch (error) {
        if (error instanceof RedisUnfitError) throw error
        connection.#note(error)
        if (performance.now() + RETRY_MS > givenUpAt) throw error
      }
      await connection.#pause()
    }
  }

  get isUp(): boolean {
    return this.#session !== undefined
  }

  /**
   * @param command words as Redis has them
   * @throws RedisAwayError: it may have happened, unless `isUnsent`; Redis's own error otherwise
   */
  async send(command: string[], timeoutMs: number = this.#timeoutMs): Promise<RedisReply> {
    if (!this.#session) throw new RedisAwayError(this.#lastReason ?? 'Redis is away', { isUnsent: true })
    return this.#session.session.send(command, timeoutMs)
  }

  /**
   * Runs a script, and sends it where Redis does not know it: a server that was emptied or has taken over knows none.
   * @param args made for that server, when they have to say in which of its lives (`ServerState.life`) they are meant
   * @throws RedisAwayError: it may have run, or may run until the deadline in its arguments; Redis's own error otherwise
   */
  async run(
    script: RedisScript,
    args: string[] | ((life: string) => string[]),
    timeoutMs: number = this.#timeoutMs,
  ): Promise<RedisReply> {
    if (!this.#session) throw new RedisAwayError(this.#lastReason ?? 'Redis is away', { isUnsent: true })
    const { session, life } = this.#session
    const words = typeof args === 'function' ? args(life) : args
    const startedAt = performance.now()
    try {
      return await session.send(['EVALSHA', script.sha1, '0', ...words], timeoutMs)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    }
    const leftMs = timeoutMs - (performance.now() - startedAt)
    // The same session, hence the same life.
    return session.send(['EVAL', script.source, '0', ...words], Math.max(1, leftMs))
  }

  /** A further connection to the same server, for what blocks. Whoever opens it closes it. @throws RedisAwayError */
  async openSession(name: string): Promise<RedisSession> {
    if (!this.#session) throw new RedisAwayError('Redis is away', { isUnsent: true })
    const { target, ca } = this.#options
    return RedisSession.open(this.#session.session.address, loginOf(target, name, ca), CONNECT_MS)
  }

  /** What is under way fails. Safe to call twice. */
  close(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wakeUp?.()
    this.#session?.session.close(new Error(reason))
  }

  async #keep(first: LivingSession): Promise<void> {
    let living: LivingSession | undefined = first
    while (!this.#isClosed) {
      if (living) await this.#serve(living)
      if (!this.#isClosed) await this.#pause()
      if (this.#isClosed) return
      living = await this.#connect().catch((error: unknown) => {
        this.#note(error)
        return undefined
      })
      if (this.#isClosed) living?.session.close(new Error('closed'))
    }
  }

  /** Until the session is lost. */
  async #serve(living: LivingSession): Promise<void> {
    const { listener } = this.#options
    const { session } = living
    this.#session = living
    this.#lastReason = undefined
    this.#log.info({ redis: at(session.address) }, 'Redis is there')
    listener?.handleUp()
    const reason = await new Promise<Error>(resolve => session.onLost(resolve))
    this.#session = undefined
    this.#lastReason = reason.message
    if (!this.#isClosed)
      this.#log.warn({ redis: at(session.address), reason: reason.message }, 'Redis is away')
    listener?.handleAway(reason.message)
  }

  async #connect(): Promise<LivingSession> {
    const { target, ca } = this.#options
    const login = loginOf(target, 'diemcau-sfu', ca)
    const session = await RedisSession.open(await findServer(target, login, CONNECT_MS), login, CONNECT_MS)
    try {
      const { version, isForgetful, life } = await inspectServer(session, CONNECT_MS)
      await this.#measure(CONNECT_MS, session)
      if (isForgetful && !this.#hasWarned) {
        this.#hasWarned = true
        this.#log.warn(
          { redis: at(session.address), version },
          'Redis writes nothing to disk: set "appendonly yes", or what ended is not remembered after a restart of Redis',
        )
      }
      return { session, life }
    } catch (error) {
      session.close(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  async #measure(timeoutMs: number, session: RedisSession): Promise<void> {
    const askedAt = performance.now()
    const reply = await session.send(['TIME'], timeoutMs)
    if (!Array.isArray(reply)) throw new RedisAwayError('Redis does not tell the time')
    this.clock.measure(Number(reply[0]) * 1_000 + Number(reply[1]) / 1_000, askedAt)
  }

  /** Why it cannot be reached, once for each reason. */
  #note(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (reason === this.#lastReason) return
    this.#lastReason = reason
    if (error instanceof RedisUnfitError) this.#log.error({ reason }, 'Redis cannot be used')
    else this.#log.debug({ reason }, 'Redis cannot be reached')
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, RETRY_MS)
      this.#wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
