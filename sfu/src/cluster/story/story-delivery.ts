/**
 * Sends the webhooks of the cluster: of each room name by one node at a time, whichever comes first when something is told. At least once; receivers
 * drop repeats by event id. Two who deliver at once do no harm.
 *
 * While a receiver is away its events stay in the stream of the record. They are bounded in number (`mostKept` of a room name) and in age (three days):
 * what is beyond is put aside in a file of the node that delivers, as one that is refused for good is at once. `pending` and `aside` are the alarms.
 */
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { ApiKey } from '@diemcau/core/livekit/access-token.ts'
import { signWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import { realClock, type SendingOptions, WebhookLanes } from '@diemcau/core/outbox/webhook-lanes.ts'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import { NameDelivery, type NameEvent } from './name-delivery.ts'
import { StoryOverflow } from './story-overflow.ts'

/** Names with events are looked for so often, whatever is hinted at, ms. */
const LOOK_EVERY_MS = 1_000
/** More names are not delivered at a time: the others wait. */
const MOST_NAMES = 200

export interface StoryDeliveryOptions
  extends Pick<SendingOptions, 'firstRetryMs' | 'maxRetryMs' | 'giveUpAfterMs' | 'stumbleMs' | 'timeoutMs'> {
  /** Of a record whose time is known (`tune`). */
  steps: RecordSteps
  /** The same at all nodes. With none, events are thrown away. */
  urls: readonly string[]
  key: ApiKey
  log: Log
  /** The node's data folder: what is put aside lies in `outbox/` below it. */
  dataDir: string
  /** Events of one room name that may wait in the record; default: StoryOverflow. */
  mostKept?: number | undefined
}

export class StoryDelivery {
  readonly #options: StoryDeliveryOptions
  readonly #lanes: WebhookLanes<NameEvent>
  readonly #overflow: StoryOverflow
  readonly #names = new Map<string, { delivery: NameDelivery; ended: Promise<void> }>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isClosed = false
  #endWait: (() => void) | undefined

  private constructor(options: StoryDeliveryOptions) {
    const { steps, key, dataDir, urls, mostKept, ...sending } = options
    const fileOf = (name: string) => path.join(dataDir, 'outbox', name)
    this.#options = options
    this.#overflow = new StoryOverflow({
      // Of its own: the other one is read whole for each line that it gets.
      file: fileOf('sfu-webhooks.overflow.aside'),
      log: options.log,
      most: mostKept,
    })
    this.#lanes = new WebhookLanes({
      ...sending,
      sign: async body => ({ authorization: await signWebhook(body, key, () => steps.now()) }),
      clock: { ...realClock, now: () => steps.now() },
      asideFile: fileOf('sfu-webhooks.jsonl.aside'),
      onSettled: ({ of, entryId }, url) => of.settled(entryId, url),
    })
  }

  /** The caller closes it. */
  static start(options: StoryDeliveryOptions): StoryDelivery {
    const delivery = new StoryDelivery(options)
    delivery.#lookOften()
    return delivery
  }

  /** Deliveries that this node has read and still owes; at most 60 or so of a name and receiver. */
  get pending(): number {
    let pending = 0
    for (const { delivery } of this.#names.values()) pending += delivery.pending
    return pending
  }
  /** Deliveries put aside since the start. */
  get aside(): number {
    return this.#lanes.aside + this.#overflow.aside
  }

  /** Something may be in the stream of this name; without one: of some. */
  wake(roomName?: string): void {
    if (this.#isClosed) return
    if (roomName === undefined) void this.#look()
    else this.#deliver(roomName)
  }

  /**
   * Until there is nothing left that is this node's to deliver, at most `graceMs`. The rest others deliver, as soon as what is under way then was taken,
   * for which it is waited as long again. Safe to call twice.
   */
  async close(graceMs = 0): Promise<void> {
    if (!this.#isClosed && graceMs > 0) await this.#idle(graceMs)
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#endWait?.()
    for (const { delivery } of this.#names.values()) delivery.close()
    const ending = Promise.all([...this.#names.values()].map(({ ended }) => ended))
    if (graceMs > 0) await Promise.race([ending, wait(graceMs, undefined, { ref: false })])
    this.#lanes.close()
    await this.#looking
    await ending
  }

  #lookOften(): void {
    void this.#look().finally(() => {
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#lookOften(), LOOK_EVERY_MS)
    })
  }

  #look(): Promise<void> {
    this.#looking ??= this.#start().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    const { steps, log } = this.#options
    if (steps.ended !== undefined) return
    try {
      for (const roomName of await steps.record.undelivered())
        if (!this.#names.has(roomName)) this.#deliver(roomName)
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'unavailable'))
        log.error({ err: error }, 'webhooks that wait cannot be looked for')
    }
  }

  #deliver(roomName: string): void {
    const running = this.#names.get(roomName)
    if (running) running.delivery.wake()
    if (
      running ||
      this.#isClosed ||
      this.#names.size >= MOST_NAMES ||
      this.#options.steps.ended !== undefined
    )
      return
    const { steps, urls, log } = this.#options
    const parts = { lanes: this.#lanes, overflow: this.#overflow }
    const delivery = new NameDelivery({ roomName, steps, urls, log, ...parts })
    const ended = delivery.run().finally(() => {
      this.#names.delete(roomName)
      if (delivery.isWoken) this.#deliver(roomName)
      if (this.#names.size === 0) this.#endWait?.()
    })
    this.#names.set(roomName, { delivery, ended })
  }

  async #idle(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs
    await this.#look()
    while (this.#names.size > 0 && !this.#isClosed) {
      const leftMs = until - performance.now()
      if (leftMs <= 0) return
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, leftMs)
        this.#endWait = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#endWait = undefined
    }
  }
}
