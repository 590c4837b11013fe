import type { PublishedTrack, TrackCodec, TrackViewer } from '../track/published-track.ts'
import type { OutgoingPipe } from './outgoing-pipe.ts'
import type { PipeWant } from './pipe-messages.ts'

/**
 * What one other node wants of one track published here: one wish a codec in the track's demand, and the pipes that carry it.
 * Lasts as long as it has either. A broken link changes nothing here.
 */
export class NodeInterest implements TrackViewer {
  readonly node: string
  readonly track: PublishedTrack
  /** By MIME type. */
  readonly #pipes = new Map<string, OutgoingPipe>()
  readonly #wishes = new Map<string, object>()
  readonly #onEnded: (interest: NodeInterest) => void
  #order = 0
  #last: PipeWant | undefined
  #isEnded = false

  /** `onEnded`: nothing is left of it. */
  constructor(node: string, track: PublishedTrack, onEnded: (interest: NodeInterest) => void) {
    this.node = node
    this.track = track
    this.#onEnded = onEnded
    track.addViewer(this)
  }

  get pipes(): OutgoingPipe[] {
    return [...this.#pipes.values()]
  }

  /** The newest word of the node; an older one than it gave already changes nothing. */
  apply(want: PipeWant): void {
    if (want.order <= this.#order || this.#isEnded) return
    this.#order = want.order
    this.#last = want
    for (const pipe of this.pipes) this.#judge(pipe)
    const wished = want.codecs.filter(
      // One that has a pipe there and is published no more has just ended here: nobody waits for it.
      ({ mimeType, serial, maxSpatialLayer }) =>
        maxSpatialLayer >= 0 && (serial === null || this.#isPublished(mimeType)),
    )
    for (const { mimeType, maxSpatialLayer, isAside } of wished) {
      const key = this.#wishes.get(mimeType) ?? {}
      this.#wishes.set(mimeType, key)
      this.track.setWanted(key, { mimeType, maxSpatialLayer, ...(isAside ? { isAside } : {}) })
    }
    for (const mimeType of [...this.#wishes.keys()])
      if (!wished.some(entry => entry.mimeType === mimeType)) this.#dropWish(mimeType)
  }

  /** False: the node has given this serial up already, or has a newer pipe of that codec. */
  mayOpen(serial: number, mimeType: string): boolean {
    const entry = this.#last?.codecs.find(codec => codec.mimeType === mimeType)
    if (this.#last && serial < this.#last.order && entry?.serial !== serial) return false
    return (this.#pipes.get(mimeType)?.serial ?? 0) < serial
  }

  /** Takes the place of an older pipe of the codec: a node has one of each. */
  add(pipe: OutgoingPipe): void {
    const older = this.#pipes.get(pipe.codec.mimeType)
    this.#pipes.set(pipe.codec.mimeType, pipe)
    older?.close()
    this.#judge(pipe)
  }

  /** A pipe closed. */
  remove(pipe: OutgoingPipe): void {
    if (this.#pipes.get(pipe.codec.mimeType) !== pipe) return
    this.#pipes.delete(pipe.codec.mimeType)
    // Whoever still wants the codec there opens another, and wishes again with it.
    this.#dropWish(pipe.codec.mimeType)
    // Not in the middle of what closed it.
    queueMicrotask(() => this.mayEnd())
  }

  codecEnded(track: PublishedTrack, codec: TrackCodec): void {
    this.#pipes.get(codec.mimeType)?.close()
    this.#dropWish(codec.mimeType)
    if (track.codecs.length === 0) this.end()
  }

  /** The node learns of it by the track's facts. */
  codecAdded(): void {}

  /** Closes all pipes and takes the wishes back. Idempotent. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.track.removeViewer(this)
    for (const pipe of this.pipes) pipe.close()
    for (const mimeType of [...this.#wishes.keys()]) this.#dropWish(mimeType)
    this.#onEnded(this)
  }

  /** Ends it when nothing is left of it. */
  mayEnd(): void {
    if (this.#pipes.size === 0 && this.#wishes.size === 0) this.end()
  }

  #judge(pipe: OutgoingPipe): void {
    const want = this.#last
    if (!want) return
    const entry = want.codecs.find(codec => codec.serial === pipe.serial)
    if (entry) pipe.setWanted(entry.isFlowing)
    else if (pipe.serial < want.order) pipe.close()
  }

  #isPublished(mimeType: string): boolean {
    return this.track.codecs.some(codec => codec.mimeType === mimeType)
  }

  #dropWish(mimeType: string): void {
    const key = this.#wishes.get(mimeType)
    if (!key) return
    this.#wishes.delete(mimeType)
    this.track.setWanted(key, undefined)
  }
}
