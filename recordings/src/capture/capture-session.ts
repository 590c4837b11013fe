import type { CapturedTrack, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import type { CaptureEndReason } from '@diemcau/core/recording/status.ts'
import type { Logger } from 'pino'
import { AddressRound } from './address-round.ts'
import { CaptureAttachment } from './capture-attachment.ts'
import type { SocketEnd } from './capture-socket.ts'
import { nowMs } from './clock.ts'
import { SegmentNames } from './segment-names.ts'

/** An SFU that does not answer at all is waited for this many times longer than a room that is not there. */
const UNREACHABLE_FACTOR = 5
/** While the recorder moves: how long the new node may take to make all tracks ready, and how long they come from both, ms. */
const READY_LIMIT_MS = 3000
const OVERLAP_MS = 1000

export interface CaptureSessionOptions {
  /** In the order in which they are tried; all lead to the same rooms. */
  sfuUrls: readonly [string, ...string[]]
  /** A fresh token for each attempt. */
  mintToken: () => Promise<string>
  rtpAddress: string
  trackFolder: (trackId: string) => string
  /** Whose files they are, see JobFolder; default 0. */
  term?: number
  roomWaitMs: number
  log: Logger
}

export interface CaptureSessionListener {
  /** The room is there and is being recorded; also after each reconnection. */
  onAttached(at: number, roomId: string): void
  onJournal(entry: JournalEntry): void
  /** Called once, when everything captured is on the disk; not after `close`. `at` is the end of the recorded time. */
  onEnded(end: { at: number; reason: CaptureEndReason; error?: string }): void
}

/**
 * Captures all tracks of a room until the room ends, `stop` is called or the room stays away for too long. When the SFU is lost the next address
 * is dialled, all of them again with growing pauses: participants come back by themselves, and so do we. Of a node that is about to stop the room
 * is taken at the next one first, and the old connection is let go of when all comes by the new one: nothing is missing.
 */
export class CaptureSession {
  readonly #options: CaptureSessionOptions
  readonly #listener: CaptureSessionListener
  readonly #round: AddressRound
  readonly #names: SegmentNames
  /** Dialled, or attached. */
  #current: CaptureAttachment | null = null
  /** At another node, while the present one is about to stop. */
  #successor: CaptureAttachment | null = null
  /** Where it was before it moved. */
  #former: CaptureAttachment | null = null
  readonly #writing = new Set<Promise<void>>()
  #retryTimer: NodeJS.Timeout | null = null
  #readyTimer: NodeJS.Timeout | null = null
  #overlapTimer: NodeJS.Timeout | null = null
  #isAttached = false
  #waitingSinceMs = nowMs()
  /** End of the recorded time should the room never come back. */
  #lastAttachedMs: number | null = null
  /** It is in the log that the room is not there. */
  #isToldWaiting = false
  #isOver = false

  constructor(options: CaptureSessionOptions, listener: CaptureSessionListener) {
    this.#options = options
    this.#listener = listener
    this.#names = new SegmentNames(options.term)
    this.#round = new AddressRound(options.sfuUrls)
  }

  /** `lastAttachedMs`: when a former process was attached last, for a recording that is taken up again. */
  start(lastAttachedMs: number | null): void {
    this.#lastAttachedMs = lastAttachedMs
    this.#waitingSinceMs = nowMs()
    void this.#connect()
  }

  get isAttached(): boolean {
    return this.#isAttached
  }

  /** Ends the recording now; `onEnded` follows when all is written. */
  stop(): void {
    this.#finish({ at: nowMs(), reason: 'stopped' })
  }

  /** Ends it because the material cannot be kept. */
  fail(error: string): void {
    this.#finish({ at: nowMs(), reason: 'capture_failed', error })
  }

  /** Lets go of everything without ending the recording: the process stops, the next one takes it up again. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#release('recorder_stopping')
  }

  async #connect(): Promise<void> {
    const attachment = await this.#dial()
    if (!attachment) return
    if (this.#isOver || this.#current) this.#letGo(attachment)
    else this.#current = attachment
  }

  /** Null when the recording is over, or no token could be made, which ends it. */
  async #dial(): Promise<CaptureAttachment | null> {
    if (this.#isOver) return null
    let token: string
    try {
      token = await this.#options.mintToken()
    } catch (error) {
      this.fail(`no token could be made: ${error}`)
      return null
    }
    if (this.#isOver) return null
    const attachment: CaptureAttachment = new CaptureAttachment(
      {
        ...this.#round.next,
        ...this.#options,
        token,
        names: this.#names,
        onJournal: entry => this.#listener.onJournal(entry),
        onDiskFault: error => this.fail(error),
      },
      {
        onEvent: event => {
          if (attachment === this.#current) this.#handleEvent(event)
          else if (attachment === this.#successor && event.type === 'joined')
            this.#readyTimer = setTimeout(() => this.#move(), READY_LIMIT_MS)
          else if (attachment === this.#successor && event.type === 'closed') this.#dropSuccessor()
          else if (attachment === this.#former && event.type === 'closed') this.#dropFormer()
        },
        onFollowed: () => {
          if (attachment === this.#successor && attachment.isReady) this.#move()
        },
        onEnd: end => {
          if (attachment === this.#current) this.#handleEnd(end)
          else if (attachment === this.#successor) this.#dropSuccessor()
          else if (attachment === this.#former) this.#dropFormer()
        },
      },
    )
    return attachment
  }

  #handleEvent(event: CaptureEvent): void {
    const t = nowMs()
    switch (event.type) {
      case 'joined':
        this.#attach(event.roomId, event.tracks)
        return
      case 'track_published':
        this.#listener.onJournal({ type: 'track_published', t, track: event.track })
        return
      case 'track_unpublished':
        this.#listener.onJournal({ type: 'track_unpublished', t, trackId: event.trackId })
        return
      case 'track_muted':
        this.#listener.onJournal({ type: 'track_muted', t, trackId: event.trackId, muted: event.muted })
        return
      case 'participant_updated':
        this.#listener.onJournal({
          type: 'participant_updated',
          t,
          participantId: event.participantId,
          name: event.name,
        })
        return
      case 'speakers':
        this.#listener.onJournal({ type: 'speakers', t, participantIds: event.participantIds })
        return
      case 'moving':
        // Where there is no other node it goes on here until it is closed, and comes back.
        if (this.#options.sfuUrls.length === 1 || this.#successor) return
        this.#options.log.info('the node is about to stop, taking the room at another one')
        this.#round.lost()
        void this.#prepareMove()
        return
      case 'closed':
        // Participants come back by themselves, at another node or at this one when it was started again, and so do we.
        if (event.reason === 'node_stopping') this.#handleEnd({ kind: 'lost', reason: event.reason })
        else this.#finish({ at: t, reason: 'room_closed' })
        return
    }
  }

  #attach(roomId: string, tracks: CapturedTrack[]): void {
    const t = nowMs()
    this.#isAttached = true
    this.#round.attached()
    this.#listener.onAttached(t, roomId)
    this.#listener.onJournal({ type: 'attached', t, roomId, tracks })
    this.#current?.tracks.go()
  }

  // From a node that is about to stop ---------------------------------------------------------------------------------

  async #prepareMove(): Promise<void> {
    const attachment = await this.#dial()
    if (!attachment) return
    if (this.#isOver || !this.#isAttached || this.#successor) {
      this.#letGo(attachment)
      return
    }
    this.#successor = attachment
  }

  /** All comes by the new node from now on, for a moment by both. */
  #move(): void {
    const successor = this.#successor
    if (successor?.roomId == null || this.#isOver) return
    const t = nowMs()
    this.#dropFormer()
    if (this.#readyTimer) clearTimeout(this.#readyTimer)
    this.#readyTimer = null
    this.#former = this.#current
    this.#former?.tracks.retire()
    this.#current = successor
    this.#successor = null
    this.#round.attached()
    const { roomId, tracks } = successor
    this.#listener.onAttached(t, roomId)
    this.#listener.onJournal({ type: 'moved', t, roomId, tracks: tracks.list() })
    tracks.go()
    this.#overlapTimer = setTimeout(() => this.#dropFormer(), OVERLAP_MS)
  }

  #dropSuccessor(): void {
    const successor = this.#successor
    if (!successor) return
    if (this.#readyTimer) clearTimeout(this.#readyTimer)
    this.#readyTimer = null
    this.#successor = null
    this.#letGo(successor)
    // Another one may take it; when none does it goes on here until it is closed.
    if (!this.#round.failed({ kind: 'lost', reason: 'not taken' }).waitMs) void this.#prepareMove()
  }

  #dropFormer(): void {
    if (this.#overlapTimer) clearTimeout(this.#overlapTimer)
    this.#overlapTimer = null
    if (this.#former) this.#letGo(this.#former)
    this.#former = null
  }

  #handleEnd(end: SocketEnd): void {
    if (this.#isOver) return
    const { log, roomWaitMs } = this.#options
    const wasAttached = this.#isAttached
    if (wasAttached) {
      this.#lastAttachedMs = nowMs()
      this.#waitingSinceMs = nowMs()
    }
    if (wasAttached && this.#successor) {
      this.#succeed(end)
      return
    }
    const { waitMs, denied } = wasAttached
      ? { waitMs: this.#round.lost(), denied: false }
      : this.#round.failed(end)
    // What is still being written holds up nobody: the next files of a track wait for its last.
    void this.#release(describe(end))
    if (denied) {
      this.#finish({
        at: this.#lastAttachedMs ?? nowMs(),
        reason: 'capture_failed',
        error: `the SFU refused the recorder with ${end.kind === 'refused' ? end.status : end.reason}`,
      })
      return
    }
    // A node that stops or reaches nobody (503) says nothing of the room.
    const isRoomAway = end.kind === 'refused' && end.status !== 503
    const patienceMs = isRoomAway ? roomWaitMs : roomWaitMs * UNREACHABLE_FACTOR
    if (nowMs() - this.#waitingSinceMs >= patienceMs) {
      const error =
        this.#lastAttachedMs === null ? { error: `the room was not found (${describe(end)})` } : {}
      this.#finish({ at: this.#lastAttachedMs ?? nowMs(), reason: 'room_lost', ...error })
      return
    }
    if (wasAttached || !this.#isToldWaiting)
      log.warn({ end, waitMs }, 'not attached to the room, trying again')
    this.#isToldWaiting = true
    this.#retryTimer = setTimeout(() => void this.#connect(), waitMs)
  }

  #finish(end: { at: number; reason: CaptureEndReason; error?: string }): void {
    if (this.#isOver) return
    this.#isOver = true
    // The last words of the journal are written before the end is told.
    void this.#release(end.reason).then(() => this.#listener.onEnded(end))
  }

  /** The connection is over before all was ready at the new node. */
  #succeed(end: SocketEnd): void {
    const successor = this.#successor
    this.#successor = null
    void this.#release(describe(end))
    this.#current = successor
    if (successor?.roomId) this.#attach(successor.roomId, successor.tracks.list())
  }

  async #release(reason: string): Promise<void> {
    for (const timer of [this.#retryTimer, this.#readyTimer]) if (timer) clearTimeout(timer)
    this.#retryTimer = null
    this.#readyTimer = null
    const t = nowMs()
    this.#dropFormer()
    for (const attachment of [this.#current, this.#successor]) if (attachment) this.#letGo(attachment)
    this.#current = null
    this.#successor = null
    if (this.#isAttached) this.#listener.onJournal({ type: 'detached', t, reason })
    this.#isAttached = false
    await Promise.all(this.#writing)
  }

  #letGo(attachment: CaptureAttachment): void {
    const written = attachment.release().finally(() => this.#writing.delete(written))
    this.#writing.add(written)
  }
}

const describe = (end: SocketEnd): string => (end.kind === 'refused' ? `HTTP ${end.status}` : end.reason)
