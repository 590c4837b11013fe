/**
 * A recorder's view of a room (core/contracts/capture.ts): it hears of tracks, mutes, names and speakers and draws plain
 * RTP; participants see only `activeRecording`. The room owns it; its opener may close it too.
 */
import {
  type CaptureCloseReason,
  type CaptureCommand,
  type CapturedTrack,
  type CaptureEvent,
  END_TO_END_ENCRYPTED,
} from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import { Encryption_Type, TrackSource } from '@livekit/protocol'
import type { Log } from '../base/log.ts'
import type { CaptureMedia, CaptureMediaListener, MediaCloseReason } from '../base/ports.ts'
import type { Member } from '../member/room-view.ts'
import type { TrackFacts } from '../member/track-facts.ts'

const SOURCES: Record<TrackSource, CapturedTrack['source']> = {
  [TrackSource.UNKNOWN]: 'unknown',
  [TrackSource.CAMERA]: 'camera',
  [TrackSource.MICROPHONE]: 'microphone',
  [TrackSource.SCREEN_SHARE]: 'screen_share',
  [TrackSource.SCREEN_SHARE_AUDIO]: 'screen_share_audio',
}

export function capturedTrackOf(participant: Member, publication: TrackFacts): CapturedTrack {
  const { info } = publication
  return {
    trackId: publication.trackId,
    participantId: participant.id,
    identity: participant.identity,
    name: participant.name,
    attributes: { ...participant.attributes },
    kind: publication.kind,
    source: SOURCES[info.source] ?? 'unknown',
    mimeType: info.mimeType,
    width: info.width,
    height: info.height,
    muted: info.muted,
    encrypted: isEncrypted(publication),
  }
}

export const isEncrypted = (publication: TrackFacts): boolean =>
  publication.info.encryption !== Encryption_Type.NONE

export class RecorderView {
  readonly #media: CaptureMedia
  readonly #send: (event: CaptureEvent) => void
  readonly #log: Log
  readonly #now: () => number
  readonly #isEncrypted: (trackId: TrackId) => boolean
  readonly #onClosed: (view: RecorderView) => void
  /** Where each track goes that is captured or about to be. */
  readonly #ports = new Map<TrackId, number>()
  #moveTimer: NodeJS.Timeout | undefined
  #isClosed = false

  /** `onClosed` tells the owner to forget it. */
  constructor(options: {
    openMedia: (listener: CaptureMediaListener) => CaptureMedia
    send: (event: CaptureEvent) => void
    log: Log
    now: () => number
    /** Its publisher encrypts it end to end: what would be captured is noise. */
    isEncrypted: (trackId: TrackId) => boolean
    onClosed: (view: RecorderView) => void
  }) {
    this.#send = options.send
    this.#log = options.log
    this.#now = options.now
    this.#isEncrypted = options.isEncrypted
    this.#onClosed = options.onClosed
    this.#media = options.openMedia({ onLost: (trackId, reason) => this.#fail(trackId, reason) })
  }

  /** A listener that throws must not hurt the room. */
  notify(event: CaptureEvent): void {
    if (this.#isClosed) return
    try {
      this.#send(event)
    } catch (error) {
      this.#log.warn({ err: error }, 'capture event could not be sent')
    }
  }

  async handle(command: CaptureCommand): Promise<void> {
    if (this.#isClosed) throw new AppError('unavailable', 'the capture is closed')
    const trackId = command.trackId as TrackId
    if (command.type === 'release') {
      this.#ports.delete(trackId)
      return await this.#media.release(trackId)
    }
    if (command.type === 'consume') this.#ports.set(trackId, command.port)
    try {
      if (command.type === 'resume') return await this.#media.resume(trackId)
      if (this.#isEncrypted(trackId))
        throw new AppError(END_TO_END_ENCRYPTED, 'the track is end-to-end encrypted')
      const stream = await this.#media.consume(trackId, command.address, command.port)
      this.notify({ type: 'consuming', trackId, port: command.port, ...stream })
    } catch (error) {
      const reason = error instanceof AppError ? error.code : 'internal'
      this.#log.info({ err: error, trackId, command: command.type }, 'capture command failed')
      this.#fail(trackId, reason)
    }
  }

  /** Told once: of what is not captured (any more) a late word changes nothing. */
  #fail(trackId: TrackId, reason: string): void {
    const port = this.#ports.get(trackId)
    if (port === undefined) return
    this.#ports.delete(trackId)
    this.notify({ type: 'consume_failed', trackId, port, reason })
  }

  /** The node is about to stop: it may go to another one by itself, for so long. Idempotent. */
  move(limitMs: number): void {
    if (this.#isClosed || this.#moveTimer) return
    this.notify({ type: 'moving', at: this.#now() })
    this.#moveTimer = setTimeout(() => void this.close('node_stopping', 'node_stopping'), limitMs)
  }

  async close(reason: CaptureCloseReason, mediaReason: MediaCloseReason = 'left'): Promise<void> {
    if (this.#isClosed) return
    this.notify({ type: 'closed', at: this.#now(), reason })
    this.#isClosed = true
    clearTimeout(this.#moveTimer)
    this.#onClosed(this)
    await this.#media.close(mediaReason)
  }
}
