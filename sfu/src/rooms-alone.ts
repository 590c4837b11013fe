import type { ClusterReport } from '@diemcau/core/contracts/node-report.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { RoomDirectory } from './room/room-api.ts'
import { RoomRegistry, type RoomRegistryOptions } from './room/room-registry.ts'
import type { Placing } from './server/http-edge.ts'
import { createTokenMinter } from './server/mint-token.ts'
import type { RtcDeps } from './signalling/signal-connection.ts'
import { EventOutbox } from './webhooks/event-outbox.ts'

/** How long a stopping node waits for its last webhooks; what is left goes out after the next start. */
const OUTBOX_GRACE_MS = 2_000

/** What a node answers another one that asks about the node itself; undefined: it is no such call. */
export type AnswerNode = (method: string, payload: Uint8Array) => Promise<Uint8Array> | undefined

/** The other nodes of the cluster, as the links know them. */
export interface OtherNodes {
  list(): { incarnation: string; address: string; isUp: boolean }[]
  /** @throws AppError as NodeLinks.call; ('unavailable') while this node is in no cluster */
  ask(incarnation: string, method: string, payload: Uint8Array, withinMs: number): Promise<Uint8Array>
  /** From now on this is answered when they ask. */
  answer(answerNode: AnswerNode): void
}

/** The rooms of a process with what is told of them, as the edges need it. */
export interface Rooms {
  /** Those with somebody at this node. */
  readonly registry: RoomRegistry
  /** Milliseconds since the epoch, by which tokens begin and end. */
  now(): number
  /** All there are. */
  readonly directory: RoomDirectory
  readonly join: RtcDeps['join']
  readonly placing: Placing | undefined
  /** Why newcomers had better not come; undefined: they are welcome. */
  unready(): string | undefined
  /** How this node stands with the others; null: it is alone. */
  cluster(): ClusterReport | null
  /** Null: this node is alone. */
  readonly others: OtherNodes | null
  /** How many other nodes share that room. */
  sharedWith(roomId: RoomId): number
  /** Webhooks that are owed, and those put aside since the start. */
  webhooks(): { pending: number; aside: number }
  /** Before `close`, or without it: people go to other nodes, where there are any. Newcomers do so until `takeAgain`. */
  drain(): Promise<void>
  /** Takes that back. */
  takeAgain(): void
  /** Why nobody could go elsewhere; undefined: they can. */
  nowhereToGo(): string | undefined
  /** Everybody is told to come back. Idempotent. */
  close(): Promise<void>
  /** After `close`, when the media is gone too: what is owed goes out as far as it can. */
  settle(): Promise<void>
}

export type RegistrySettings = Omit<RoomRegistryOptions, 'events' | 'peers' | 'mint'>

/** The rooms of a node that is alone. @throws AppError('data_failed') with a line for the operator */
export function openRoomsAlone(config: Config, log: Logger, settings: RegistrySettings): Rooms {
  const outbox = openOutbox(config, log)
  const mint = createTokenMinter(config.keys[0])
  const registry = new RoomRegistry({ ...settings, events: outbox, mint })
  return {
    registry,
    now: Date.now,
    directory: registry,
    join: undefined,
    placing: undefined,
    drain: async () => {},
    takeAgain: () => {},
    nowhereToGo: () => 'this node is alone: nobody could take its people',
    unready: () => undefined,
    cluster: () => null,
    others: null,
    sharedWith: () => 0,
    webhooks: () => ({ pending: outbox.pending, aside: outbox.aside }),
    close: () => registry.close(),
    settle: () => outbox.close(OUTBOX_GRACE_MS),
  }
}

function openOutbox({ dataDir, webhookUrls, keys }: Config, log: Logger): EventOutbox {
  try {
    return EventOutbox.open({ dataDir, urls: webhookUrls, key: keys[0], log })
  } catch (cause) {
    const word = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('data_failed', `the data folder ${dataDir} (DATA_DIR) cannot be used: ${word}`, {
      cause,
    })
  }
}
