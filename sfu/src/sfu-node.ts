import type { AddressInfo } from 'node:net'
import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import { createRecorders } from './api/egress-recorders.ts'
import { createRoomService } from './api/room-service.ts'
import { createTwirpHandler } from './api/twirp-handler.ts'
import type { ClusterParts } from './cluster/node/node-session.ts'
import { openClusterParts } from './cluster/node/open-parts.ts'
import { ClusterNodes } from './cluster-nodes.ts'
import type { Config } from './config.ts'
import { LoadHistory } from './load-history.ts'
import { createMediaNode } from './media/media-node.ts'
import { boundWorker } from './media/worker/bound-worker.ts'
import { NodeDrain } from './node-drain.ts'
import { NodeReporter } from './node-report.ts'
import type { MediaNode } from './room/base/ports.ts'
import { openRoomsAlone, type RegistrySettings, type Rooms } from './rooms-alone.ts'
import { openRoomsInCluster } from './rooms-in-cluster.ts'
import { createAdminCalls } from './server/admin-calls.ts'
import { openAdmission } from './server/admission/open-admission.ts'
import { HttpEdge } from './server/http-edge.ts'
import { createMetrics, type Metrics } from './server/metrics.ts'
import { openPort } from './server/open-port.ts'
import { ownAddresses } from './server/own-addresses.ts'
import { createTokenVerifier } from './server/verify-token.ts'
import { acceptRtc } from './signalling/signal-connection.ts'

interface Parts {
  edge: HttpEdge
  rooms: Rooms
  media: MediaNode
  metrics: Metrics
  reporter: NodeReporter
  history: LoadHistory
  drain: NodeDrain
  closeAdmission(): void
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
   * Order matters: the port first (it proves that no other node runs here), then the workers, then the journals or the cluster.
   * `cluster`: default, what the configuration says; closed with the node.
   * @throws AppError with a line for the operator, or whatever a part failed with; what was started is closed again.
   */
  static async create(config: Config, log: Logger, cluster?: ClusterParts): Promise<SfuNode> {
    const server = await openPort(config.port, config.bind)
    const undo: (() => unknown)[] = [() => server.close(), () => server.closeAllConnections()]
    try {
      const media = await createMediaNode({
        workerBin: boundWorker(config.workerBin),
        workerCount: config.workers,
        workerBudget: config.workerBudget,
        workerPlacement: config.workerPlacement,
        listenAddress: config.mediaBind,
        announcedAddresses:
          config.announcedAddresses.length > 0 ? config.announcedAddresses : ownAddresses(config.mediaBind),
        firstMediaPort: config.mediaPort,
        voices: config.voices,
        ...(config.cluster ? { pipes: config.cluster.pipes } : {}),
        logger: log,
      }).catch((cause: unknown) => {
        throw new AppError('media_failed', mediaFault(config, cause), { cause })
      })
      undo.push(() => media.close('node_stopping'))
      const settings: RegistrySettings = {
        media,
        log,
        autoCreate: config.autoCreateRooms,
        turn: config.turn,
        limits: { audienceFrom: config.audienceFrom },
      }
      const { port } = server.address() as AddressInfo
      const parts =
        cluster ??
        (config.cluster && (await openClusterParts(config.cluster, log, { bind: config.bind, port })))
      const { admission, close: closeAdmission } = openAdmission(config, {
        media,
        isHere: (room, identity) => rooms.registry.find(room)?.participants.has(identity) ?? false,
        log,
      })
      undo.push(closeAdmission)
      const rooms: Rooms = parts
        ? await openRoomsInCluster(config, log, settings, { ...parts, ...clientNetworks(config) }, admission)
        : openRoomsAlone(config, log, settings)
      undo.push(
        () => rooms.settle(),
        () => rooms.close(),
      )
      const { registry, directory, join } = rooms
      const verify = createTokenVerifier(config.keys, () => new Date(rooms.now()))
      const drain = new NodeDrain(rooms, log)
      const reporter = new NodeReporter({ name: config.nodeName, media, rooms, drain, admission })
      undo.push(() => reporter.close())
      const report = () => reporter.report()
      const history = new LoadHistory(report, log)
      undo.push(() => history.close())
      const seen = async () => ({ report: await report(), loads: [...history.samples] })
      const nodes = new ClusterNodes({ rooms, seen, drain, log })
      const metrics = createMetrics(report)
      const twirp = createTwirpHandler({
        roomService: createRoomService(directory),
        egress: createRecorders(config.recordingsUrls),
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
        rooms: directory,
        notReady: () => rooms.unready(),
        admission,
        placing: rooms.placing,
        otherUrls: () => registry.otherUrls(),
        acceptRtc: (socket, claims, query) => acceptRtc(socket, claims, query, { registry, join }),
        twirp,
        metrics,
        admin: createAdminCalls({ verify, report, drain, nodes, log }),
        metricsAccess: { token: config.metricsToken, production: config.production },
        log,
      })
      return new SfuNode(port, { edge, rooms, media, metrics, reporter, history, drain, closeAdmission })
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
    const { edge, rooms, media, metrics, reporter, history, drain, closeAdmission } = this.#parts
    drain.refuse()
    await rooms.drain()
    // New connections are refused from the first line on, while those that exist still hear their room's last word.
    edge.refuseNew()
    await rooms.close()
    await Promise.all([edge.close(), media.close('node_stopping'), rooms.settle()])
    metrics.close()
    history.close()
    reporter.close()
    closeAdmission()
  }
}

/** Whose addresses this node has, as the other nodes are told. */
const clientNetworks = ({ announcedAddresses }: Config): { networks: string[]; servesAll: boolean } => ({
  networks: announcedAddresses.flatMap(({ network }) => network?.text ?? []),
  servesAll: announcedAddresses.length === 0 || announcedAddresses.some(({ network }) => !network),
})

/** What an operator can look at when the media workers do not start: the ports, the binary, and mediasoup's own word. */
function mediaFault({ mediaPort, workers, workerBin }: Config, cause: unknown): string {
  let error = cause
  while (error instanceof Error && error.cause instanceof Error) error = error.cause
  const last = mediaPort + workers - 1
  const ports = last > mediaPort ? `ports ${mediaPort} to ${last}` : `port ${mediaPort}`
  const binary = workerBin === undefined ? '' : `, or ${workerBin} (MEDIASOUP_WORKER_BIN) does not run`
  return `media cannot start: ${ports} (UDP and TCP, SFU_MEDIA_PORT) may be in use${binary}: ${error instanceof Error ? error.message : String(error)}`
}
