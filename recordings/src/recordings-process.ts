import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { signWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import { FiguresPage } from '@diemcau/core/metrics/figures.ts'
import { WebhookOutbox } from '@diemcau/core/outbox/webhook-outbox.ts'
import { EventLoopWatch } from '@diemcau/core/process/event-loop-watch.ts'
import type { RecordingState } from '@diemcau/core/recording/status.ts'
import { SerialQueue } from '@diemcau/core/serial-queue.ts'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { checkTools, findFfmpeg } from './ffmpeg/find-ffmpeg.ts'
import { JobRegistry } from './jobs/job-registry.ts'
import { makeFile } from './jobs/make-file.ts'
import type { JobEnvironment } from './jobs/recording-job.ts'
import { egressInfoOf } from './server/egress-info.ts'
import { egressMethods } from './server/egress-service.ts'
import { RecordingsHttpServer } from './server/http-server.ts'
import { freeBytesOf, recorderFigures } from './server/recorder-figures.ts'
import { mintCaptureToken } from './server/token.ts'
import { storeId } from './store/store-id.ts'
import { announceChange } from './webhooks/egress-webhooks.ts'

/** The whole process as an object: what main.ts starts and stops, and tests too. */
export class RecordingsProcess {
  readonly #server: RecordingsHttpServer
  readonly #jobs: JobRegistry
  readonly #outbox: WebhookOutbox
  readonly #abort: AbortController
  readonly #closeFigures: () => void
  #closed: Promise<void> | null = null

  private constructor(
    server: RecordingsHttpServer,
    jobs: JobRegistry,
    outbox: WebhookOutbox,
    abort: AbortController,
    closeFigures: () => void,
  ) {
    this.#server = server
    this.#jobs = jobs
    this.#outbox = outbox
    this.#abort = abort
    this.#closeFigures = closeFigures
  }

  /** Opens the port first, so that a port in use is told before any recording is touched. */
  static async create(config: Config, log: Logger): Promise<RecordingsProcess> {
    const [key] = config.keys
    const ffmpegPath = findFfmpeg(config.ffmpegPath)
    const ffprobePath = config.ffprobePath ?? 'ffprobe'
    const abort = new AbortController()
    const compositions = new SerialQueue()
    let jobs: JobRegistry | null = null
    let methods: ReturnType<typeof egressMethods> = new Map()

    let outbox: WebhookOutbox | undefined
    const eventLoop = new EventLoopWatch()
    const metrics = new FiguresPage(recorderFigures, async () => ({
      eventLoopP99Ms: eventLoop.p99Ms,
      isReady: jobs !== null,
      ...(jobs?.counts() ?? { phases: {}, attached: 0 }),
      turns: jobs?.turns ?? { taken: 0, lost: 0 },
      compositions: compositions.size,
      webhooks: { pending: outbox?.pending ?? 0, aside: outbox?.aside ?? 0 },
      freeBytes: await freeBytesOf(config.recordingsDir),
    }))

    const server = await RecordingsHttpServer.create({
      port: config.port,
      bind: config.bind,
      keys: config.keys,
      jobs: () => jobs,
      store: config.sharing ? await storeId(config.recordingsDir) : null,
      metrics,
      metricsAccess: config.metricsAccess,
      methods: () => methods,
      log,
    })
    const host = config.bind === '0.0.0.0' || config.bind === '::' ? '127.0.0.1' : config.bind
    const publicUrl = config.publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
    const infoOf = (state: RecordingState) => egressInfoOf(state, publicUrl)

    const opened = WebhookOutbox.open({
      file: join(config.dataDir, 'outbox', 'recordings.jsonl'),
      urls: config.webhookUrls,
      sign: async body => ({ authorization: await signWebhook(body, key) }),
      log,
    })
    outbox = opened
    const sharing = config.sharing && {
      ...config.sharing,
      owner: `${config.nodeName} ${process.pid} ${randomUUID()}`,
    }
    const environment: JobEnvironment = {
      sfuUrls: config.sfuUrls,
      rtpAddress: config.rtpAddress,
      roomWaitMs: config.roomWaitMs,
      minFreeBytes: config.minFreeBytes,
      mintCaptureToken: roomName => mintCaptureToken(roomName, key),
      compose: (folder, manifest, onProgress, signal) =>
        compositions.run(() =>
          makeFile({
            folder,
            manifest,
            ffmpegPath,
            ffprobePath,
            threads: config.threads,
            nice: config.nice,
            signal: AbortSignal.any([abort.signal, signal]),
            log,
            onProgress,
          }),
        ),
      onChange: (before, after) => announceChange(opened, before, after, infoOf),
      log,
    }
    jobs = await JobRegistry.create(config.recordingsDir, environment, sharing)
    methods = egressMethods({ jobs, infoOf, toolsFault: () => checkTools(ffmpegPath, ffprobePath) })
    // Only now: a recording that was interrupted loses picture while we look at tools.
    void checkTools(ffmpegPath, ffprobePath).then(fault => {
      if (fault) log.error({ fault }, 'recordings will be refused until ffmpeg is there')
    })
    return new RecordingsProcess(server, jobs, opened, abort, () => {
      metrics.close()
      eventLoop.close()
    })
  }

  get port(): number {
    return this.#server.port
  }

  /** Leaves running recordings and compositions to the next process; what was captured is on the disk. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#server.refuseNew()
    const jobsClosed = this.#jobs.close()
    // After the jobs know that they are closed: an aborted composition is then no failure of theirs.
    this.#abort.abort(new Error('the recorder is stopping'))
    await jobsClosed
    await this.#server.close()
    this.#closeFigures()
    this.#outbox.close()
  }
}
