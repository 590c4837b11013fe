/** The way by which portals ring at one another's door: socket.io's adapter over Redis. */
import type { EventEmitter } from 'node:events'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import type { Logger } from 'pino'
import { createClient } from 'redis'

const PREFIX = 'diemcau:portal'
/** Entries kept in the stream; nobody reads older ones, because what was missed comes from the database. */
const KEPT_ENTRIES = 1_000
/** How long a portal that closes waits at most for its own reader. */
const BLOCK_MS = 1_000
const CONNECT_LIMIT_MS = 5_000
/** A server that says nothing for so long is taken for dead; pings come in between. */
const SILENCE_MS = 15_000
const PING_MS = 4_000
const RECONNECT_MOST_MS = 2_000

interface PortalAdapter {
  /** For socket.io's option `adapter`. */
  adapter: ReturnType<typeof createAdapter>
  /** After the sockets' server is closed. */
  close(): void
}

/**
 * Connects in the background and again whenever it is lost. Nothing waits for Redis and nothing is kept for it: a word that
 * cannot be said is left out, and the others find the same in the database within a second (floor-pulse.ts).
 *
 * @param url redis:// or rediss:// of Redis 6.2 or newer
 */
export function openPortalAdapter(url: string, log: Logger): PortalAdapter {
  const client = createClient({
    url,
    socket: {
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: tries => Math.min(100 * 2 ** Math.min(tries, 10), RECONNECT_MOST_MS),
    },
    pingInterval: PING_MS,
    // What could not be said in time is not said late.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  })
  watch(client, log)
  const { publish, duplicate } = client
  Object.assign(client, {
    // The adapter does not look at what becomes of these; a failure must not become an unexpected rejection.
    publish: (...given: Parameters<typeof publish>) => publish.apply(client, given).catch(() => 0),
    // Its readers begin anew at once when a read fails: without a queue that would never pause while Redis is away.
    duplicate: () => duplicate.call(client, { disableOfflineQueue: false }),
  })
  client.connect().catch(() => {
    // Only when it is closed while it connects; what is wrong is told by `error`.
  })
  const adapter = createAdapter(client, {
    streamName: `${PREFIX}:stream`,
    channelPrefix: `${PREFIX}:channel`,
    sessionKeyPrefix: `${PREFIX}:session:`,
    maxLen: KEPT_ENTRIES,
    blockTimeInMs: BLOCK_MS,
  })
  return {
    adapter,
    close() {
      if (client.isOpen) client.destroy()
    },
  }
}

/** One line when it is lost and one when it is back. */
function watch(client: EventEmitter, log: Logger): void {
  let isAway = false
  client.on('error', (error: unknown) => {
    if (isAway) return
    isAway = true
    log.warn({ err: error }, 'Redis is away: other portals are heard of through the database, a second later')
  })
  client.on('ready', () => {
    isAway = false
    log.info('Redis is there')
  })
}
