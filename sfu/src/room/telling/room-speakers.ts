/**
 * Who is heard in a room, loudest first: what the media of this node hears of its own participants, and what other nodes
 * say of theirs. A node that falls silent itself is believed for two seconds. Owned by the room, which closes it.
 */
import type { ParticipantId } from '@diemcau/core/ids.ts'
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
    this.#tell()
  }

  /** As another node heard; the newest list of a node stands for all before it. */
  hearNode(node: string, audible: Audible[]): void {
    clearTimeout(this.#nodes.get(node)?.timer)
    if (audible.length === 0) this.#nodes.delete(node)
    else {
      const timer = setTimeout(() => this.hearNode(node, []), VOID_AFTER_MS)
      this.#nodes.set(node, { audible: audible.slice(0, MOST_TOLD), timer })
    }
    this.#tell()
  }

  close(): void {
    for (const { timer } of this.#nodes.values()) clearTimeout(timer)
    this.#nodes.clear()
  }

  #tell(): void {
    const { broadcast, captures, now, isVisible } = this.#deps
    // A word of another node may come before its members do, and after they have gone.
    const others = [...this.#nodes.values()].flatMap(({ audible }) =>
      audible.filter(({ participantId }) => isVisible(participantId)),
    )
    const order = broadcast.speakers([...this.#own, ...others])
    if (order) captures.notify({ type: 'speakers', at: now(), participantIds: order })
  }
}
