/**
 * What lives once per process. Next bundles its own copy of every module, while main.ts runs the sources directly;
 * both find the same object on globalThis, so that a route can reach the sockets that main.ts opened.
 */

import { newId } from '@diemcau/core/ids.ts'
import { KeyedLimit } from '@diemcau/core/keyed-limit.ts'
import { redactingHooks } from '@diemcau/core/log/redact.ts'
import { createPrisma, type Db } from '@diemcau/prisma/client.ts'
import pino, { type Logger } from 'pino'
import { type Config, loadSecrets, readConfig } from './config.ts'
import type { FloorRow } from './floor/floor-row.ts'
import { KeyedQueue } from './floor/keyed-queue.ts'
import { MediaClient } from './media/media-client.ts'
import { NodeAdmin } from './media/node-admin.ts'
import { WebhookTries } from './webhooks/webhook-tries.ts'

/** Delivers what was committed to the sockets, of this portal and of others; the gateway puts the real one in place. */
export interface FloorBroadcaster {
  /**
   * In the meeting's queue. @param lastSeq of the meeting after `rows`. What was committed before them without a word (the database
   * died with its answer) is told first. Never rejects.
   */
  publish(meetingId: string, rows: readonly FloorRow[], lastSeq: number): Promise<void>
  /** Tells the waiting sockets of this identity how the lobby decided. */
  lobbyResult(meetingId: string, identity: string, admitted: boolean): void
  /** Closes every socket of this identity in this meeting. */
  disconnect(meetingId: string, identity: string): void
  /** Closes every socket in this meeting: it is over. */
  closeMeeting(meetingId: string): void
  /** Judges the ticket of every open socket anew and closes those that hold no longer. */
  judgeSockets(): Promise<void>
}

export interface Runtime {
  /** Names this process among the portals that share the database. */
  id: string
  config: Config
  db: Db
  log: Logger
  media: MediaClient
  nodes: NodeAdmin
  /** One queue per meeting: what this portal commits and tells happens in the same order. Among portals the row lock orders it. */
  queues: KeyedQueue
  broadcaster: FloorBroadcaster
  /** Requests to join by network. A province behind one address fits; a loop that fills the database does not. */
  joins: KeyedLimit
  /** Deliveries of webhooks that failed and may yet succeed. */
  webhookTries: WebhookTries
  /** Refusals written into the audit, by account or network. */
  refusals: KeyedLimit
  /** Asks the job runner to look now instead of at its next turn. */
  wakeJobs: () => void
}

const JOINS_PER_MINUTE = 1_200
const REFUSALS_AT_ONCE = 30

const key = Symbol.for('diemcau.portal.runtime')
const holder = globalThis as { [key]?: Runtime }

/** Nobody is connected: events stay in the database, from where clients catch up. */
const silence: FloorBroadcaster = {
  async publish() {},
  lobbyResult() {},
  disconnect() {},
  closeMeeting() {},
  async judgeSockets() {},
}

export function createRuntime(config: Config): Runtime {
  return {
    id: newId<string>('PO_'),
    config,
    db: createPrisma(config.databaseUrl),
    log: pino({
      level: config.logLevel,
      base: { process: 'web', node: config.nodeName },
      hooks: redactingHooks(loadSecrets()),
    }),
    media: new MediaClient(config.livekit),
    nodes: new NodeAdmin(config.livekit),
    queues: new KeyedQueue(),
    broadcaster: silence,
    joins: new KeyedLimit(JOINS_PER_MINUTE, JOINS_PER_MINUTE / 60),
    webhookTries: new WebhookTries(),
    refusals: new KeyedLimit(REFUSALS_AT_ONCE, REFUSALS_AT_ONCE / 60),
    wakeJobs: () => {},
  }
}

export function setRuntime(runtime: Runtime): void {
  holder[key] = runtime
}

/** Made on first use, so that `next build` needs neither settings nor a database. */
export function getRuntime(): Runtime {
  holder[key] ??= createRuntime(readConfig())
  return holder[key]
}
