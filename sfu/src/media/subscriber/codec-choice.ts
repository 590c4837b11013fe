import type { PublishedTrack, TrackCodec } from '../track/published-track.ts'

/** A codec without an alternative is offered this often before the client counts as unable to decode it. */
const MAX_REFUSALS = 3

/**
 * Which codec of a track a client is given. What a browser decodes is learnt from its answers: a section whose only codec it
 * does not know is answered rejected (RFC 8829 §5.3.1), as is one whose transceiver was stopped, hence the second look.
 */
export class CodecChoice {
  readonly #undecodable = new Set<string>()
  readonly #refusals = new Map<string, number>()

  /**
   * The codec to take now, or the MIME type of one the publisher announced and is to be asked for, or undefined when the
   * client decodes none of them.
   */
  choose(track: PublishedTrack): { codec: TrackCodec } | { awaited: string } | undefined {
    const usable = track.codecs.filter(codec => !this.#undecodable.has(codec.mimeType))
    const codec = usable.find(({ mimeType }) => mimeType === track.regressedTo) ?? usable[0]
    if (codec) return { codec }
    const awaited = track.announcedMimeTypes.find(mimeType => !this.#undecodable.has(mimeType))
    return awaited === undefined ? undefined : { awaited }
  }

  /** The client would not take the codec: it is not chosen again when the track has another, else after a few refusals. */
  handleRefused(track: PublishedTrack, mimeType: string): void {
    const refusals = (this.#refusals.get(mimeType) ?? 0) + 1
    this.#refusals.set(mimeType, refusals)
    const hasOther = [...track.codecs.map(codec => codec.mimeType), ...track.announcedMimeTypes].some(
      other => other !== mimeType && !this.#undecodable.has(other),
    )
    if (hasOther || refusals >= MAX_REFUSALS) this.#undecodable.add(mimeType)
  }

  handleAccepted(mimeType: string): void {
    this.#refusals.delete(mimeType)
  }
}
