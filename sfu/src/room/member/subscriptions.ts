/**
 * What one participant receives: for every published track of the others a *desired* state (auto-subscribe or the
 * client's word, its permission, the publisher's permission) and an *actual* one, brought together by one small loop a
 * track. Messages may come in any order and operations may fail; the loop heals both.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Log } from '../base/log.ts'
import type { PeerMedia } from '../base/ports.ts'

export type TrackSettings = Parameters<PeerMedia['updateTrackSettings']>[1]

/** The failures of one client that are logged as warnings. A client that takes no track at all must not fill the log with each of them. */
const LOGGED_FAILURES = 3
/** What is wanted of a track that nobody publishes yet counts for so long (LiveKit's notFoundTimeout), ms; and of so many at most. */
const AWAITED_MS = 60_000
const AWAITED_TRACKS = 200
/** Ours are shorter; what a client makes up may be as long as its message. */
const LONGEST_SID = 64
/** One message may ask for more forbidden tracks than its sender is told of. */
const FORBIDDEN_TOLD = 100

export interface SubscriptionsDeps {
  log: Log
  autoSubscribe: boolean
  maySubscribe(): boolean
  /** Resolves when the subscriber connection has been started; rejects when the participant closed. */
  media(): Promise<PeerMedia>
  /** Delays between attempts, in ms; when they are used up the client is told, and the last one goes on. */
  retryDelaysMs: readonly number[]
}

export interface SubscriptionsListener {
  subscribed(trackId: TrackId): void
  /** It is wanted, and its publisher does not allow it. */
  forbidden(trackId: TrackId): void
  subscriptionFailed(trackId: TrackId, error: unknown): void
}

interface Entry {
  readonly trackId: TrackId
  /** The publisher's SubscriptionPermission for this participant. */
  isAllowed: boolean
  /** The client's or the API's word; undefined: auto-subscribe decides. */
  wanted: boolean | undefined
  /** `wanted` is the API's: the client knows nothing of it. */
  isByApi: boolean
  isActual: boolean
  settings: TrackSettings | undefined
  appliedSettings: TrackSettings | undefined
  isRunning: boolean
  /** What the media side lost while it was still being made: the loop must not take it for made. */
  lostWith: { error: unknown } | undefined
  isGone: boolean
  attempts: number
  retryTimer: NodeJS.Timeout | undefined
}

export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  readonly #listener: SubscriptionsListener
  readonly #entries = new Map<string, Entry>()
  readonly #awaited = new Map<string, { wanted: boolean; untilMs: number }>()
  #failures = 0
  #isClosed = false

  constructor(deps: SubscriptionsDeps, listener: SubscriptionsListener) {
    this.#deps = deps
    this.#listener = listener
  }

  /** A track of somebody else was published, or is there when this participant joins. */
  addTrack(trackId: TrackId, isAllowed: boolean): void {
    if (this.#isClosed || this.#entries.has(trackId)) return
    const entry: Entry = {
      trackId,
      isAllowed,
      wanted: this.#takeAwaited(trackId),
      isByApi: false,
      isActual: false,
      settings: undefined,
      appliedSettings: undefined,
      isRunning: false,
      lostWith: undefined,
      isGone: false,
      attempts: 0,
      retryTimer: undefined,
    }
    this.#entries.set(trackId, entry)
    this.#reconcile(entry)
    this.#tellForbidden(entry)
  }

  #await(sid: string, wanted: boolean): void {
    if (sid.length > LONGEST_SID) return
    const nowMs = performance.now()
    // In the order in which they were said, so that the first ones have run out.
    for (const [key, { untilMs }] of this.#awaited) {
      if (untilMs > nowMs) break
      this.#awaited.delete(key)
    }
    this.#awaited.delete(sid)
    if (this.#awaited.size < AWAITED_TRACKS) this.#awaited.set(sid, { wanted, untilMs: nowMs + AWAITED_MS })
  }

  #takeAwaited(trackId: TrackId): boolean | undefined {
    const awaited = this.#awaited.get(trackId)
    this.#awaited.delete(trackId)
    return awaited && performance.now() < awaited.untilMs ? awaited.wanted : undefined
  }

  /** Stock clients take a track for allowed until they hear otherwise, and anew whenever they ask for it. */
  #tellForbidden(entry: Entry): void {
    if (!entry.isAllowed && (entry.wanted ?? this.#deps.autoSubscribe))
      this.#listener.forbidden(entry.trackId)
  }

  removeTrack(trackId: TrackId): void {
    const entry = this.#entries.get(trackId)
    if (!entry) return
    this.#entries.delete(trackId)
    entry.isGone = true
    this.#reconcile(entry)
  }

  /** UpdateSubscription, of the client or (`isByApi`) of RoomService. Returns the tracks nobody publishes; once they are, it holds for them. */
  setWanted(trackSids: Iterable<string>, wanted: boolean, isByApi = false): string[] {
    const unknown: string[] = []
    let forbidden = 0
    for (const sid of trackSids) {
      const entry = this.#entries.get(sid)
      if (!entry) {
        unknown.push(sid)
        // The API is answered that there is no such track, and asks again.
        if (!isByApi) this.#await(sid, wanted)
      } else {
        entry.wanted = wanted
        entry.isByApi = isByApi
        this.#retryNow(entry)
        if (!entry.isAllowed && wanted) forbidden += 1
        if (forbidden <= FORBIDDEN_TOLD) this.#tellForbidden(entry)
      }
    }
    return unknown
  }

  /**
   * SyncState.subscription: stock clients name the tracks that differ from auto-subscribe. What the client said earlier of any other
   * was taken back in a message that got lost.
   */
  syncWanted(trackSids: readonly string[], wanted: boolean): void {
    if (wanted !== this.#deps.autoSubscribe) this.#awaited.clear()
    const isApis = (sid: string) => this.#entries.get(sid)?.isByApi === true
    this.setWanted(
      trackSids.filter(sid => !isApis(sid)),
      wanted,
    )
    if (wanted === this.#deps.autoSubscribe) return
    const listed = new Set(trackSids)
    for (const entry of this.#entries.values()) {
      if (entry.wanted === undefined || entry.isByApi || listed.has(entry.trackId)) continue
      entry.wanted = undefined
      this.#retryNow(entry)
    }
  }

  /** UpdateTrackSettings: kept for tracks not subscribed yet, applied at once to the others. */
  setSettings(trackSids: Iterable<string>, settings: TrackSettings): void {
    for (const sid of trackSids) {
      const entry = this.#entries.get(sid)
      if (!entry) continue
      entry.settings = settings
      this.#reconcile(entry)
    }
  }

  /** SyncState.trackSidsDisabled: pauses without touching the sizes asked for earlier. */
  setDisabled(trackSids: Iterable<string>): void {
    for (const sid of trackSids) {
      const settings = this.#entries.get(sid)?.settings
      this.setSettings([sid], {
        quality: 2,
        width: 0,
        height: 0,
        fps: 0,
        priority: 0,
        ...settings,
        disabled: true,
      })
    }
  }

  /** The publisher allowed or forbade this participant the track. True when that is news. */
  setAllowed(trackId: TrackId, isAllowed: boolean): boolean {
    const entry = this.#entries.get(trackId)
    if (!entry || entry.isAllowed === isAllowed) return false
    entry.isAllowed = isAllowed
    this.#retryNow(entry)
    return true
  }

  /** canSubscribe changed. */
  reevaluate(): void {
    for (const entry of this.#entries.values()) this.#retryNow(entry)
  }

  /** The media side lost a subscription by itself, although the track is still there. */
  handleLost(trackId: TrackId, error: unknown): void {
    const entry = this.#entries.get(trackId)
    if (!entry) return
    if (!entry.isActual) {
      if (entry.isRunning) entry.lostWith = { error }
      return
    }
    entry.isActual = false
    // A loop under way finds the difference by itself.
    if (!entry.isRunning && this.#isDesired(entry)) this.#handleFailure(entry, error)
  }

  isSubscribed(trackId: string): boolean {
    return this.#entries.get(trackId)?.isActual ?? false
  }

  close(): void {
    this.#isClosed = true
    for (const entry of this.#entries.values()) clearTimeout(entry.retryTimer)
    this.#entries.clear()
    this.#awaited.clear()
  }

  #isDesired(entry: Entry): boolean {
    if (this.#isClosed || entry.isGone || !entry.isAllowed) return false
    return (entry.wanted ?? this.#deps.autoSubscribe) && this.#deps.maySubscribe()
  }

  #retryNow(entry: Entry): void {
    entry.attempts = 0
    clearTimeout(entry.retryTimer)
    entry.retryTimer = undefined
    this.#reconcile(entry)
  }

  #reconcile(entry: Entry): void {
    if (this.#isClosed || entry.isRunning || !this.#needsWork(entry)) return
    if (entry.retryTimer && !entry.isGone) return
    clearTimeout(entry.retryTimer)
    entry.retryTimer = undefined
    entry.isRunning = true
    this.#run(entry)
      .catch(error => this.#handleFailure(entry, error))
      .finally(() => {
        entry.isRunning = false
        // What changed while the last step was under way must not be forgotten.
        if (entry.attempts === 0) this.#reconcile(entry)
      })
  }

  #needsWork(entry: Entry): boolean {
    const isDesired = this.#isDesired(entry)
    return isDesired !== entry.isActual || (entry.isActual && entry.settings !== entry.appliedSettings)
  }

  async #run(entry: Entry): Promise<void> {
    const media = await this.#deps.media()
    while (!this.#isClosed) {
      const isDesired = this.#isDesired(entry)
      if (isDesired !== entry.isActual) {
        if (isDesired) {
          entry.lostWith = undefined
          await media.subscribe(entry.trackId)
          if (entry.lostWith) throw takeLoss(entry)
          entry.isActual = true
          entry.appliedSettings = undefined
          entry.attempts = 0
          if (!this.#isClosed && !entry.isGone) this.#listener.subscribed(entry.trackId)
        } else {
          await media.unsubscribe(entry.trackId)
          entry.isActual = false
        }
      } else if (entry.isActual && entry.settings && entry.settings !== entry.appliedSettings) {
        const settings = entry.settings
        await media.updateTrackSettings(entry.trackId, settings)
        entry.appliedSettings = settings
        entry.attempts = 0
      } else {
        return
      }
    }
  }

  #handleFailure(entry: Entry, error: unknown): void {
    const { retryDelaysMs } = this.#deps
    const isUsedUp = entry.attempts === retryDelaysMs.length
    const isFinal = error instanceof AppError && error.code === 'codec_unsupported'
    const delayMs = retryDelaysMs[Math.min(entry.attempts, retryDelaysMs.length - 1)]
    entry.attempts++
    if (this.#isClosed || entry.isGone) return
    if (isUsedUp || isFinal) {
      this.#failures += 1
      const level = this.#failures > LOGGED_FAILURES ? 'debug' : 'warn'
      this.#deps.log[level]({ err: error, trackId: entry.trackId }, 'subscription failed')
      this.#listener.subscriptionFailed(entry.trackId, error)
      if (isFinal) return
    }
    this.#deps.log.debug({ err: error, trackId: entry.trackId }, 'subscription is tried again')
    clearTimeout(entry.retryTimer)
    entry.retryTimer = setTimeout(() => {
      entry.retryTimer = undefined
      this.#reconcile(entry)
    }, delayMs)
    entry.retryTimer.unref()
  }
}

function takeLoss(entry: Entry): unknown {
  const error = entry.lostWith?.error
  entry.lostWith = undefined
  return error
}
