import { type AddressInfo, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import { createEgressProxy } from './api/egress-proxy.ts'
import { createRoomService } from './api/room-service.ts'
import { createTwirpHandler } from './api/twirp-handler.ts'
import { EventOutbox } from './cluster/event-outbox.ts'
import type { Config } from './config.ts'
import { createMediaNode } from './media/media-node.ts'
import type { MediaNode } from './room/ports.ts'
import { RoomRegistry } from './room/room-registry.ts'
import { HttpEdge } from './server/http-edge.ts'
import { createMetrics, type Metrics } from './server/metrics.ts'
import { createTokenMinter } from './server/mint-token.ts'
import { openPort } from './server/open-port.ts'
import { createTokenVerifier } from './server/verify-token.ts'
import { acceptRtc } from './signalling/signal-connection.ts'

/** How long a stopping node waits for its last webhooks; what is left goes out after the next start. */
const OUTBOX_GRACE_MS = 2_000

interface Parts {
  edge: HttpEdge
  registry: RoomRegistry
  media: MediaNode
  outbox: EventOutbox
  metrics: Metrics
}

/** The whole node: everything main.ts starts and stops. Parts close in the order of `close`, each once. */
export class SfuNode {
  /** The HTTP port in use; differs from the configuration when that was 0. */
  readonly port: number
  readonly #parts: Parts
  #closing: Promise<void> | undefined

  private constructor(port: number, parts: Parts) {
    this.port = port
    this.#parts = parts
  }

  /**
   * Order matters: the port first (it proves that no other node runs here), then the workers, then the journals.
   * @throws AppError with a line for the operator, or whatever a part failed with; what was started is closed again.
   */
  static async create(config: Config, log: Logger): Promise<SfuNode> {
    const server = await openPort(config.port, config.bind)
    const undo: (() => unknown)[] = [() => server.close(), () => server.closeAllConnections()]
    try {
      const media = await createMediaNode({
        workerBin: config.workerBin,
        workerCount: config.workers,
        listenAddress: config.mediaBind,
        announcedAddresses:
          config.announcedAddresses.length > 0 ? config.announcedAddresses : ownAddresses(config.mediaBind),
        firstMediaPort: config.mediaPort,
        logger: log,
      }).catch((cause: unknown) => {
        throw new AppError('media_failed', mediaFault(config, cause), { cause })
      })
      undo.push(() => media.close('node_stopping'))
      const outbox = openOutbox(config, log)
      undo.push(() => outbox.close(0))
      const registry = new RoomRegistry({
        media,
        events: outbox,
        log,
        mint: createTokenMinter(config.keys[0]),
        autoCreate: config.autoCreateRooms,
        turn: config.turn,
      })
      const verify = createTokenVerifier(config.keys)
      const metrics = createMetrics({
        rooms: registry,
        workers: () => media.workers(),
        resources: () => media.resources(),
        pendingWebhooks: () => outbox.pending,
      })
      const twirp = createTwirpHandler({
        roomService: createRoomService(registry),
        egress: createEgressProxy(config.recordingsUrl),
        verify,
        onInternalError: (error, route) => log.error({ err: error, route }, 'API call failed'),
      })
      const edge = new HttpEdge({
        server,
        maxMessageBytes: config.maxMessageBytes,
        joinsPerMinute: config.joinsPerMinute,
        connectionsPerAddress: config.connectionsPerAddress,
        trustedProxies: config.trustedProxies,
        verify,
        rooms: registry,
        acceptRtc: (socket, claims, query) => acceptRtc(socket, claims, query, { registry }),
        twirp,
        metrics,
        log,
      })
      const { port } = server.address() as AddressInfo
      return new SfuNode(port, { edge, registry, media, outbox, metrics })
    } catch (error) {
      for (const step of undo.reverse()) await step()
      throw error
    }
  }

  /** Tells every participant, reports the end of every room, stops the workers. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { edge, registry, media, outbox, metrics } = this.#parts
    // New connections are refused from the first line on, while those that exist still hear their room's last word.
    edge.refuseNew()
    await registry.close('node_stopping')
    await Promise.all([edge.close(), media.close('node_stopping'), outbox.close(OUTBOX_GRACE_MS)])
    metrics.close()
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

/** What an operator can look at when the media workers do not start: the ports, the binary, and mediasoup's own word. */
function mediaFault({ mediaPort, workers, workerBin }: Config, cause: unknown): string {
  let error = cause
  while (error instanceof Error && error.cause instanceof Error) error = error.cause
  const last = mediaPort + workers - 1
  const ports = last > mediaPort ? `ports ${mediaPort} to ${last}` : `port ${mediaPort}`
  const binary = workerBin === undefined ? '' : `, or ${workerBin} (MEDIASOUP_WORKER_BIN) does not run`
  return `media cannot start: ${ports} (UDP and TCP, SFU_MEDIA_PORT) may be in use${binary}: ${error instanceof Error ? error.message : String(error)}`
}

/** Every address of this machine that others may reach in the families media is bound to, the loopback last. */
function ownAddresses(mediaBind: string[]): string[] {
  const families = new Set(mediaBind.map(address => (isIPv6(address) ? 'IPv6' : 'IPv4')))
  const found = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    // A link-local address is of no use without the name of the client's own interface (RFC 4007 §11).
    .filter(
      ({ family, internal, address }) => families.has(family) && !internal && !address.startsWith('fe80:'),
    )
    .map(({ address }) => address)
  const loopback = [...families].map(family => (family === 'IPv6' ? '::1' : '127.0.0.1'))
  return [...new Set([...found, ...loopback])]
}
