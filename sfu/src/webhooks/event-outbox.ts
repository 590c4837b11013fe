import path from 'node:path'
import { newId } from '@diemcau/core/ids.ts'
import type { ApiKey } from '@diemcau/core/livekit/access-token.ts'
import { signWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import { WebhookOutbox } from '@diemcau/core/outbox/webhook-outbox.ts'
import { WebhookEvent } from '@livekit/protocol'
import type { Logger } from 'pino'
import type { RoomEventSink } from '../room/room-api.ts'
import { OpenRooms } from './open-rooms.ts'

export interface EventOutboxOptions {
  /** The node's data folder; the journals lie in `outbox/` below it. */
  dataDir: string
  urls: readonly string[]
  key: ApiKey
  log: Logger
}

/** Events that say something begins. The others say that something ends. */
const BEGINNINGS = new Set(['room_started', 'participant_joined', 'track_published'])

/**
 * Room events as LiveKit webhooks, at least once. On opening it also reports the end of whatever a killed run left open. The
 * caller closes it after the rooms, since their closing emits events.
 */
export class EventOutbox implements RoomEventSink {
  readonly #outbox: WebhookOutbox
  readonly #openRooms: OpenRooms
  readonly #log: Logger

  private constructor(outbox: WebhookOutbox, openRooms: OpenRooms, log: Logger) {
    this.#outbox = outbox
    this.#openRooms = openRooms
    this.#log = log
  }

  /** Only one process may hold a data folder. @throws Node's error when the folder cannot be used. */
  static open(options: EventOutboxOptions): EventOutbox {
    const { dataDir, urls, key, log } = options
    const outbox = WebhookOutbox.open({
      file: path.join(dataDir, 'outbox', 'sfu-webhooks.jsonl'),
      urls,
      sign: async body => ({ authorization: await signWebhook(body, key) }),
      log,
    })
    const { openRooms, orphans } = OpenRooms.open({
      file: path.join(dataDir, 'outbox', 'sfu-open-rooms.jsonl'),
      onError: error => log.error({ err: error }, 'the journal of open rooms cannot be written'),
    })
    const events = new EventOutbox(outbox, openRooms, log)
    if (orphans.length > 0)
      log.warn({ events: orphans.length }, 'the last run was killed: reporting what it left open as ended')
    for (const orphan of orphans) events.#send(orphan)
    openRooms.settle()
    return events
  }

  /** Webhook deliveries still owed. */
  get pending(): number {
    return this.#outbox.pending
  }

  /** Deliveries put aside since the start. */
  get aside(): number {
    return this.#outbox.aside
  }

  emit(event: Pick<WebhookEvent, 'event'> & Partial<WebhookEvent>): void {
    try {
      const message = new WebhookEvent(event)
      if (message.createdAt === 0n) message.createdAt = BigInt(Math.floor(Date.now() / 1000))
      // A crash between the two lines must rather repeat an ending than lose one.
      if (BEGINNINGS.has(message.event)) {
        this.#openRooms.record(message)
        this.#send(message)
      } else {
        this.#send(message)
        this.#openRooms.record(message)
      }
    } catch (error) {
      // The room must not fail because of a report about it.
      this.#log.error({ err: error, event: event.event }, 'event could not be put into the outbox')
    }
  }

  /** Gives what is owed `graceMs` to go out, then closes; the rest goes out after the next start. Safe to call twice. */
  async close(graceMs: number): Promise<void> {
    await this.#outbox.idle(graceMs)
    this.#outbox.close()
    this.#openRooms.close()
  }

  #send(message: WebhookEvent): void {
    message.id = newId('EV_')
    // By name, not by sid: a room that ended and the one reopened under its name keep their order for the receiver.
    this.#outbox.enqueue({ id: message.id, key: message.room?.name ?? '', body: message.toJsonString() })
  }
}
