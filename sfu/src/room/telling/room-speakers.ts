/**
 * Who is heard in a room, loudest first: what the media of this node hears of its own participants, and what other nodes
 * say of theirs. A node that falls silent itself is believed for two seconds. What several nodes say within a short time is told
 * together: each telling goes to everybody. Owned by the room, which closes it.
 */
import type { ParticipantId } from '@diemcau/core/ids.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { RoomCaptures } from '../capture/room-captures.ts'
import type { RoomBroadcast } from './room-broadcast.ts'

export interface Audible {
  participantId: ParticipantId
  /** 0..1 */
  level: number
}

export interface RoomSpeakersDeps {
  broadcast: RoomBroadcast
  captures: RoomCaptures
  limits: Pick<RoomLimits, 'speakersMs'>
  now(): number
  /** Nobody may learn of a hidden participant, nor of one that is not here. */
  isVisible(participantId: string): boolean
  /** Tells other nodes who is heard of this one; undefined: there are none. */
  share: ((audible: Audible[]) => void) | undefined
}

/** Of one node: more nobody can tell apart. */
const MOST_TOLD = 16
/** Levels come several times a second; without them a node's list is void after this, ms. */
const VOID_AFTER_MS = 2_000

export class RoomSpeakers {
  readonly #deps: RoomSpeakersDeps
  #own: Audible[] = []
  readonly #nodes = new Map<string, { audible: Audible[]; timer: NodeJS.Timeout }>()

  /** Since they were last told; what changes until its end is told then. */
  #pause: NodeJS.Timeout | undefined
  #isDue = false

  constructor(deps: RoomSpeakersDeps) {
    this.#deps = deps
  }

  /** Who of this node is heard, as other nodes are told. */
  get own(): Audible[] {
    return this.#own.slice(0, MOST_TOLD)
  }

  /** As the media side heard, loudest first. */
  hear(audible: Audible[]): void {
    this.#own = audible.filter(({ participantId }) => this.#deps.isVisible(participantId))
    this.#deps.share?.(this.own)
    this.#tellSoon()
  }

  /** As another node heard; the newest list of a node stands for all before it. */
  hearNode(node: string, audible: Audible[]): void {
    clearTimeout(this.#nodes.get(node)?.timer)
    if (audible.length === 0) this.#nodes.delete(node)
    else {
      const timer = setTimeout(() => this.hearNode(node, []), VOID_AFTER_MS)
      this.#nodes.set(node, { audible: audible.slice(0, MOST_TOLD), timer })
    }
    this.#tellSoon()
  }

  close(): void {
    for (const { timer } of this.#nodes.values()) clearTimeout(timer)
    this.#nodes.clear()
    clearTimeout(this.#pause)
    this.#isDue = false
  }

  #tellSoon(): void {
    if (this.#pause) this.#isDue = true
    else this.#tell()
  }

  #tell(): void {
    const { broadcast, captures, limits, now, isVisible } = this.#deps
    // A word of another node may come before its members do, and after they have gone.
    const others = [...this.#nodes.values()].flatMap(({ audible }) =>
      audible.filter(({ participantId }) => isVisible(participantId)),
    )
    const order = broadcast.speakers([...this.#own, ...others])
    if (!order) return
    captures.notify({ type: 'speakers', at: now(), participantIds: order })
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      const isDue = this.#isDue
      this.#isDue = false
      if (isDue) this.#tell()
    }, limits.speakersMs)
  }
}
