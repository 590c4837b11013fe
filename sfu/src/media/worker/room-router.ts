import type {
  AudioLevelObserver,
  DataProducer,
  DirectTransport,
  Producer,
  Router,
  RtpCapabilities,
  WebRtcTransport,
} from 'mediasoup/types'
import type { Logger } from 'pino'
import type { LocalTransport } from '../../sdp/local-transport.ts'
import { ROUTER_CODECS } from '../../sdp/router-codecs.ts'
import { LevelWatch } from '../voices/level-watch.ts'
import type { ClientNetwork } from './announced-addresses.ts'
import { BlankMedia } from './blank-media.ts'
import { closedWith } from './closed-with.ts'
import type { PooledWorker } from './pooled-worker.ts'

/** The client gets this long without any sign of life before its ICE counts as lost (RFC 7675), seconds. */
const ICE_CONSENT_TIMEOUT_S = 20
/** First guess of a subscriber's bandwidth, bit/s; probing raises it within seconds where there is more. */
const INITIAL_OUTGOING_BITRATE_BPS = 2_000_000
/** Largest data channel message either way, bytes. LiveKit clients cut theirs well below. */
const MAX_MESSAGE_BYTES = 262_144
const SPEAKER_INTERVAL_MS = 400
/** dBov; quieter counts as silence. */
const SPEAKER_THRESHOLD_DBOV = -60
const MAX_SPEAKERS = 16

/** A room's router on one worker, with the helpers every peer there shares. */
export class RoomRouter {
  readonly worker: PooledWorker
  readonly router: Router
  /** Takes messages of data producers out of the worker and feeds data consumers. */
  readonly direct: DirectTransport
  /** Source of all data consumers; never sends anything itself. */
  readonly silentDataProducer: DataProducer
  readonly blanks: BlankMedia
  /** How loud producers here are, for who chooses among them. */
  readonly levels: LevelWatch
  readonly #observer: AudioLevelObserver
  readonly #networks = new WeakMap<WebRtcTransport, ClientNetwork>()

  private constructor(
    worker: PooledWorker,
    router: Router,
    direct: DirectTransport,
    silentDataProducer: DataProducer,
    observer: AudioLevelObserver,
    logger: Logger,
  ) {
    this.worker = worker
    this.router = router
    this.direct = direct
    this.silentDataProducer = silentDataProducer
    this.blanks = new BlankMedia(router)
    this.levels = new LevelWatch(router, logger)
    this.#observer = observer
  }

  /**
   * `onVolumes` gets the audible home producers of this router (dBov, loudest first) every 400 ms, once with [] at silence.
   */
  static async create(
    worker: PooledWorker,
    logger: Logger,
    onVolumes: (volumes: { producerId: string; volume: number }[]) => void,
  ): Promise<RoomRouter> {
    const router = await worker.worker.createRouter({ mediaCodecs: ROUTER_CODECS })
    try {
      const [direct, observer] = await Promise.all([
        router.createDirectTransport({
          maxSendMessageSize: MAX_MESSAGE_BYTES,
          maxReceiveMessageSize: MAX_MESSAGE_BYTES,
        }),
        router.createAudioLevelObserver({
          maxEntries: MAX_SPEAKERS,
          threshold: SPEAKER_THRESHOLD_DBOV,
          interval: SPEAKER_INTERVAL_MS,
        }),
      ])
      const silent = await direct.produceData()
      observer.on('volumes', volumes =>
        onVolumes(volumes.map(({ producer, volume }) => ({ producerId: producer.id, volume }))),
      )
      observer.on('silence', () => onVolumes([]))
      return new RoomRouter(worker, router, direct, silent, observer, logger)
    } catch (error) {
      logger.error({ err: error, workerIndex: worker.index }, 'router could not be made')
      router.close()
      throw error
    }
  }

  /** Only home producers are observed: a piped copy would count the same voice twice. */
  async observe(producer: Producer): Promise<void> {
    await this.#observer.addProducer({ producerId: producer.id })
  }

  /** `describe` looks at `network` each time, so that its owner can change it. */
  async createWebRtcTransport(network: ClientNetwork): Promise<WebRtcTransport> {
    const making = this.router.createWebRtcTransport({
      webRtcServer: this.worker.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      enableSctp: true,
      iceConsentTimeout: ICE_CONSENT_TIMEOUT_S,
      initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE_BPS,
      maxSendMessageSize: MAX_MESSAGE_BYTES,
      maxReceiveMessageSize: MAX_MESSAGE_BYTES,
    })
    const transport = closedWith(this.router, await making)
    this.#networks.set(transport, network)
    return transport
  }

  /** What the SDP writers need of a transport made here. */
  describe(transport: WebRtcTransport): LocalTransport {
    const client = this.#networks.get(transport)
    const candidates = this.worker.candidatesFor(client?.address ?? '', transport.iceCandidates)
    return {
      iceParameters: transport.iceParameters,
      iceCandidates: client?.protocol ? candidates.filter(c => c.protocol === client.protocol) : candidates,
      fingerprints: transport.dtlsParameters.fingerprints,
      sctpPort: transport.sctpParameters?.port ?? 5000,
      maxMessageSize: MAX_MESSAGE_BYTES,
    }
  }

  /** Everything the router forwards; mediasoup's private extensions mean nothing to a client. */
  subscriberCapabilities(): RtpCapabilities {
    const { codecs, headerExtensions } = this.router.rtpCapabilities
    return {
      codecs: codecs ?? [],
      headerExtensions: (headerExtensions ?? []).filter(ext => !ext.uri.startsWith('urn:mediasoup:')),
    }
  }

  close(): void {
    this.router.close()
  }
}
