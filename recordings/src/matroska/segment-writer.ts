import { type FileHandle, open } from 'node:fs/promises'
import type { MediaFrame } from '../capture/frames.ts'
import { type ClusterNote, cluster, fileHeader, simpleBlock, type TrackFormat } from './format.ts'

/** A cluster is written at least this often, so this much is lost when the process is killed. */
const CLUSTER_MS = 500
/** A step of arrival so much longer than that of RTP time begins a new cluster. */
const LATE_STEP_MS = 150
/** Blocks further away than this from the start of the cluster do not fit its 16-bit time. */
const MAX_RELATIVE_MS = 30_000

/**
 * One captured file: Matroska that is valid after every write. Frames are collected to clusters and each cluster goes
 * out in one write. `close` writes what is left; errors of the disk are reported once through `onError`.
 */
export class SegmentWriter {
  readonly startRtpMs: number
  readonly openedAtMs: number
  readonly format: TrackFormat
  readonly #epoch: string
  readonly #baseMs: number
  readonly #onError: (error: Error) => void
  readonly #file: Promise<FileHandle>
  #tail: Promise<void>
  #blocks: Buffer[] = []
  #clusterMs = 0
  #lastMs = 0
  #clockMs = Number.POSITIVE_INFINITY
  #clusterArrivedAtMs = 0
  #lastArrivedAtMs = Number.POSITIVE_INFINITY
  #clusterIsKey = false
  #rotation: MediaFrame['rotation'] = 0
  #isClosed = false
  #hasFailed = false

  /** `startRtpMs` is the unwrapped RTP time of the first frame, `epochRtpMs` that of the first frame of the epoch. */
  constructor(options: {
    path: string
    format: TrackFormat
    epoch: string
    epochRtpMs: number
    startRtpMs: number
    openedAtMs: number
    onError: (error: Error) => void
  }) {
    this.startRtpMs = options.startRtpMs
    this.openedAtMs = options.openedAtMs
    this.format = options.format
    this.#epoch = options.epoch
    this.#baseMs = options.startRtpMs - options.epochRtpMs
    this.#onError = options.onError
    this.#file = open(options.path, 'wx')
    this.#tail = this.#file.then(() => undefined).catch(error => this.#fail(error))
    this.#write(fileHeader(options.format))
  }

  /** `rtpMs` is the unwrapped RTP time of the frame, not before that of the frame before it. */
  append(frame: MediaFrame, rtpMs: number): void {
    const relMs = Math.round(rtpMs - this.startRtpMs)
    // The sender's clock may have stood still here; frames before and after must not share one clock.
    const isLateStep = frame.arrivedAtMs - this.#lastArrivedAtMs > relMs - this.#lastMs + LATE_STEP_MS
    const isFull = relMs - this.#clusterMs >= CLUSTER_MS || relMs - this.#clusterMs > MAX_RELATIVE_MS
    const isCut = frame.isKey && this.format.kind === 'video'
    // A telephone is turned in the middle of the stream, at any frame: from there on it is another cluster.
    const isTurned = frame.rotation !== this.#rotation
    if (this.#blocks.length > 0 && (isFull || isCut || isLateStep || isTurned)) this.flush()
    this.#rotation = frame.rotation
    if (this.#blocks.length === 0) {
      this.#clusterMs = relMs
      this.#clusterArrivedAtMs = frame.arrivedAtMs
      this.#clusterIsKey = frame.isKey
      this.#clockMs = Number.POSITIVE_INFINITY
    }
    this.#blocks.push(simpleBlock(relMs - this.#clusterMs, frame.isKey, frame.data))
    this.#lastMs = relMs
    this.#lastArrivedAtMs = frame.arrivedAtMs
    this.#clockMs = Math.min(this.#clockMs, frame.arrivedAtMs - (rtpMs - this.startRtpMs))
  }

  /** To be called now and then: writes a cluster nothing more comes to. */
  tick(nowMs: number): void {
    if (this.#blocks.length > 0 && nowMs - this.#clusterArrivedAtMs > 2 * CLUSTER_MS) this.flush()
  }

  flush(): void {
    if (this.#blocks.length === 0) return
    const note: ClusterNote = {
      epoch: this.#epoch,
      baseMs: this.#baseMs,
      clockMs: this.#clockMs,
      lastMs: this.#lastMs,
      frames: this.#blocks.length,
      isKey: this.#clusterIsKey,
      width: this.format.width,
      height: this.format.height,
      rotation: this.#rotation,
    }
    const blocks = this.#blocks
    this.#blocks = []
    this.#write(cluster(this.#clusterMs, note, blocks))
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.flush()
      this.#isClosed = true
      this.#tail = this.#tail.then(async () => (await this.#file).close()).catch(error => this.#fail(error))
    }
    await this.#tail
  }

  #write(bytes: Buffer): void {
    if (this.#isClosed || this.#hasFailed) return
    this.#tail = this.#tail
      .then(async () => {
        if (!this.#hasFailed) await (await this.#file).appendFile(bytes)
      })
      .catch(error => this.#fail(error))
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#onError(error instanceof Error ? error : new Error(String(error)))
  }
}
