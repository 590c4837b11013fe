import type { JoinRequest, JoinResult, RefusalReason } from '@diemcau/core/contracts/join.ts'
import type { LocalTrack } from 'livekit-client'
import { FloorClient, waitInLobby } from './floor-client.ts'
import { effectOf, type FloorEffect } from './floor-state.ts'
import { PortalUnreachable, postJoin } from './join-client.ts'
import type { DeviceChoice } from './media-options.ts'
import { MediaRoom } from './media-room.ts'
import { afterDisconnect, crowdedDelayMs, isPassingRefusal, rejoinDelayMs } from './rejoin-policy.ts'
import { Store } from './store.ts'
import { WakeableDelay } from './wakeable-delay.ts'

export type Admitted = Extract<JoinResult, { status: 'admitted' }>
/** Why somebody is no longer, or not yet, in the meeting. */
export type OverReason = 'left' | 'duplicate' | RefusalReason
/** What can be put right on the check page itself. */
export type CheckProblem = 'unreachable' | 'wrong_code' | 'name_required' | 'too_many_attempts'

export type Phase =
  | { name: 'check'; problem: CheckProblem | null }
  | { name: 'joining' }
  /** `claimedId`: the endpoint they ask to speak for. */
  | { name: 'waiting'; claimedId: string | null }
  | { name: 'room'; admitted: Admitted }
  | { name: 'over'; why: OverReason; opensAt: string | null; wasInside: boolean }

const CORRECTABLE: readonly string[] = ['wrong_code', 'name_required', 'too_many_attempts']
/** How often an unreachable portal is asked again before the check page says so. */
const FIRST_JOIN_ATTEMPTS = 4
/** A page that hung up because it was being left, and is still there after this, was kept: a cancelled reload, the way back, ms. */
const KEPT_PAGE_MS = 3_000

/**
 * One stay in one meeting, from the decision to join until it is over: asks the portal, waits in the lobby, connects
 * floor and media, and brings both back after any loss until the portal says that it is over. Owned by the page, which
 * calls `close`.
 */
export class MeetingSession {
  readonly phase = new Store<Phase>({ name: 'check', problem: null })
  readonly media: MediaRoom
  readonly floor: FloorClient
  readonly #code: string
  readonly #effectListeners = new Set<(effect: FloorEffect) => void>()
  readonly #delay = new WakeableDelay()
  #request: JoinRequest | null = null
  #tracks: LocalTrack[] = []
  #lobby: { close: () => void } | null = null
  #isRecovering = false
  #isClosed = false

  constructor(code: string, choice: DeviceChoice, playsAudio: boolean) {
    this.#code = code
    this.media = new MediaRoom(choice, playsAudio, reason => this.#handleMediaLost(reason))
    this.floor = new FloorClient(
      () => this.#renewTicket(),
      event => {
        const effect = effectOf(event, this.#identity, Date.now())
        if (effect?.type === 'removed') this.#finish('removed')
        else if (effect?.type === 'ended') this.#finish('ended')
        else if (effect) for (const listener of [...this.#effectListeners]) listener(effect)
      },
    )
    this.floor.state.subscribe(() => {
      if (this.floor.state.get().status === 'ended') this.#finish('ended')
    })
  }

  /**
   * Joins, waits in the lobby if told to. `tracks` are published as soon as there is a connection; they are ours from
   * then on, and stay the caller's when the phase goes back to `check`.
   */
  async join(request: JoinRequest, tracks: LocalTrack[]): Promise<void> {
    for (const track of this.#tracks) if (!tracks.includes(track)) track.stop()
    this.#tracks = tracks
    // The page went away while devices were still starting.
    if (this.#isClosed) return this.#dropTracks()
    this.#request = request
    this.phase.set({ name: 'joining' })
    for (let attempt = 0; attempt < FIRST_JOIN_ATTEMPTS && !this.#isClosed; attempt += 1) {
      try {
        this.#handleJoinResult(await postJoin(this.#code, request))
        return
      } catch (error) {
        if (!(error instanceof PortalUnreachable)) throw error
        await this.#delay.wait(rejoinDelayMs(attempt))
      }
    }
    if (!this.#isClosed) this.#check('unreachable')
  }

  /** Hangs up for good; the page stays and says so. */
  leave(): void {
    this.#finish('left')
  }

  onEffect(listener: (effect: FloorEffect) => void): () => void {
    this.#effectListeners.add(listener)
    return () => this.#effectListeners.delete(listener)
  }

  /** Releases everything without changing the phase; called when the page goes away. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#dropTracks()
    this.#lobby?.close()
    this.#delay.close()
    this.floor.close()
    void this.media.close()
  }

  get #identity(): string {
    const phase = this.phase.get()
    return phase.name === 'room' ? phase.admitted.identity : ''
  }

  get #isInRoom(): boolean {
    return !this.#isClosed && this.phase.get().name === 'room'
  }

  #handleJoinResult(result: JoinResult): void {
    if (this.#isClosed || this.phase.get().name === 'over') return
    this.#lobby?.close()
    this.#lobby = null
    if (result.status === 'waiting') this.#wait(result.ticket)
    else if (result.status === 'refused') this.#handleRefusal(result.reason, result.opensAt)
    else this.#enter(result)
  }

  #enter(admitted: Admitted): void {
    this.media.adopt(this.#tracks)
    this.#tracks = []
    this.phase.set({ name: 'room', admitted })
    this.floor.connect(admitted.ticket)
    void this.#recover(admitted)
  }

  #wait(ticket: string): void {
    this.phase.set({ name: 'waiting', claimedId: this.#request?.endpointId || null })
    this.#lobby = waitInLobby(ticket, outcome => {
      this.#lobby?.close()
      this.#lobby = null
      if (outcome === 'denied') this.#finish('denied')
      else void this.#askAgain(outcome === 'ask_again')
    })
  }

  /** Posts the same request again until there is an answer. */
  async #askAgain(isDelayed: boolean): Promise<void> {
    let delayMs = isDelayed ? rejoinDelayMs(0) : 0
    for (let attempt = 1; !this.#isClosed && this.phase.get().name !== 'over'; attempt += 1) {
      if (delayMs > 0) await this.#delay.wait(delayMs)
      if (this.#isClosed) return
      try {
        const result = await postJoin(this.#code, this.#request!)
        // Who waits has been let that far: "slow down" is no reason to send them back.
        const isCrowded = result.status === 'refused' && result.reason === 'too_many_attempts'
        if (!isCrowded) return this.#handleJoinResult(result)
        delayMs = crowdedDelayMs(attempt)
      } catch (error) {
        if (!(error instanceof PortalUnreachable)) throw error
        delayMs = rejoinDelayMs(attempt)
      }
    }
  }

  /** Back to the check page: it still holds the tracks it gave us, unless it was gone meanwhile. */
  #check(problem: CheckProblem): void {
    if (this.phase.get().name === 'waiting') this.#dropTracks()
    this.#tracks = []
    this.phase.set({ name: 'check', problem })
  }

  /** Stops the devices that were handed over and are not the room's yet. */
  #dropTracks(): void {
    for (const track of this.#tracks) track.stop()
    this.#tracks = []
  }

  #handleRefusal(reason: RefusalReason, opensAt: string | undefined): void {
    const isInside = this.phase.get().name === 'room'
    if (!isInside && CORRECTABLE.includes(reason)) this.#check(reason as CheckProblem)
    else this.#finish(reason, opensAt)
  }

  #handleMediaLost(reason: number | undefined): void {
    if (!this.#isInRoom) return
    const next = afterDisconnect(reason)
    if (next === 'duplicate') this.#finish('duplicate')
    else void this.#recover(null, next === 'kept_page' ? KEPT_PAGE_MS : 0)
  }

  /**
   * Connects the media until it is connected, with a fresh answer of the portal before every attempt but the first
   * one. Only one such loop runs at a time.
   */
  async #recover(first: Admitted | null, delayMs = 0): Promise<void> {
    if (this.#isRecovering) return
    this.#isRecovering = true
    let admitted = first
    try {
      for (let attempt = 0; this.#isInRoom; attempt += 1) {
        try {
          if (!admitted) {
            await this.#delay.wait(rejoinDelayMs(attempt) + (attempt === 0 ? delayMs : 0))
            if (!this.#isInRoom) return
            const result = await this.#rejoin()
            if (result.status !== 'admitted') {
              this.#handleJoinResult(result)
              return
            }
            admitted = result
          }
          await this.media.connect(admitted.serverUrl, admitted.token)
          if (this.media.isConnected) return
          admitted = null
        } catch (error) {
          console.warn('The media connection could not be made; trying again.', error)
          admitted = null
        }
      }
    } finally {
      this.#isRecovering = false
    }
  }

  /** The portal's answer to somebody who was inside; rejects when asking again later may help. */
  async #rejoin(): Promise<JoinResult> {
    const result = await postJoin(this.#code, this.#request!)
    if (result.status === 'refused' && isPassingRefusal(result.reason))
      throw new PortalUnreachable(new Error(result.reason))
    return result
  }

  async #renewTicket(): Promise<string | null> {
    if (!this.#request || !this.#isInRoom) return null
    const result = await this.#rejoin()
    if (result.status === 'admitted') return result.ticket
    this.#handleJoinResult(result)
    return null
  }

  #finish(why: OverReason, opensAt?: string): void {
    const phase = this.phase.get()
    // A reason given by the meeting outweighs a later, vaguer one.
    if (this.#isClosed || phase.name === 'over') return
    const wasInside = phase.name === 'room'
    this.#dropTracks()
    this.phase.set({ name: 'over', why, opensAt: opensAt ?? null, wasInside })
    this.close()
  }
}
