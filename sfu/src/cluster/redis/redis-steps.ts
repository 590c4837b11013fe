import { AppError } from '@diemcau/core/errors.ts'
import type { Answer, Call, Stamp } from '../record/record-calls.ts'
import type { RedisConnection } from './redis-connection.ts'
import { RedisScript } from './redis-script.ts'
import { RedisAwayError, type RedisReply } from './redis-session.ts'

const names = [
  'hello',
  'beat',
  'bury',
  'inherit',
  'split',
  'restore',
  'open',
  'join',
  'release',
  'keep',
  'emit',
  'change',
  'revoke',
  'enter',
  'exit',
  'told',
  'close-room',
  'sweep',
  'take-delivery',
  'delivered',
] as const
/** The steps that change something, by their files in `scripts/`. */
export type StepName = (typeof names)[number]

const scripts = new Map(names.map(name => [name, RedisScript.read(name)]))
const reading = RedisScript.read('read')

/** Runs the steps of the record as scripts: what goes in and comes out is JSON, and every answer measures Redis's time. */
export class RedisSteps {
  readonly #connection: RedisConnection
  readonly #timeoutMs: number

  /** `timeoutMs`: how long an answer may take. */
  constructor(connection: RedisConnection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
  }

  /**
   * One step. Redis refuses it after the caller's deadline, and after the moment at which we give the answer up, whichever is first:
   * what failed as unavailable does not happen later.
   * @throws AppError unavailable
   */
  async step<T>(name: StepName, call: Call): Promise<Answer<T>> {
    const script = scripts.get(name)!
    const givenUpAt = performance.now() + this.#timeoutMs
    const answer = await this.#run<Answer<T>>(script, call, this.#timeoutMs)
    // Too late for us and not for the caller: Redis's clock was set, or its time was measured over a slow way.
    if (answer.outcome !== 'late' || answer.atMs > call.deadlineMs) return answer
    return this.#run(script, call, Math.max(1, givenUpAt - performance.now()))
  }

  /** @throws AppError unavailable */
  async read<T>(of: string, what: Record<string, unknown> = {}): Promise<Stamp & T> {
    return this.#ask<{ value: T } & Stamp>(reading, { of, ...what }, this.#timeoutMs).then(
      ({ atMs, era, value }) => ({ atMs, era, ...value }),
    )
  }

  /** A plain command. @throws AppError unavailable */
  async send(command: string[]): Promise<RedisReply> {
    try {
      return await this.#connection.send(command, this.#timeoutMs)
    } catch (error) {
      throw unavailable(error)
    }
  }

  async #run<A>(script: RedisScript, call: Call, timeoutMs: number): Promise<A> {
    let deadlineMs: number
    try {
      deadlineMs = Math.min(call.deadlineMs, this.#connection.clock.deadline(timeoutMs))
    } catch (error) {
      throw unavailable(error)
    }
    return this.#ask(script, { ...call, deadlineMs }, timeoutMs)
  }

  async #ask<A>(script: RedisScript, call: Record<string, unknown>, timeoutMs: number): Promise<A> {
    const askedAt = performance.now()
    try {
      const inLife = (life: string) => [JSON.stringify({ ...call, life }, wellFormed)]
      const reply = await this.#connection.run(script, inLife, timeoutMs)
      const answer = JSON.parse(String(reply)) as A & Stamp
      this.#connection.clock.measure(answer.atMs, askedAt)
      return answer
    } catch (error) {
      throw unavailable(error)
    }
  }
}

/** Half of a surrogate pair is no text outside of JavaScript; cjson refuses its escape. */
const wellFormed = (_key: string, value: unknown) =>
  typeof value === 'string' ? value.toWellFormed() : value

/** Answers of Redis that say that it cannot now, as https://redis.io/docs/latest/develop/reference/protocol-spec/ has codes. */
const cannotNow = /^(OOM|LOADING|BUSY|READONLY|MASTERDOWN|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN) /

/** What Redis is called and where it is stays in the cause: the message may reach a caller of the API. */
export function unavailable(error: unknown): AppError {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RedisAwayError || cannotNow.test(message))
    return new AppError('unavailable', 'the record of the cluster does not answer', { cause: error })
  return new AppError('internal', `a step of the cluster's record failed: ${message}`, { cause: error })
}
