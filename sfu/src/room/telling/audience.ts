/**
 * Who is told of whom. Where many may not publish, they are an audience: they are not told of one another, only of those who
 * publish or may, and of the number of all. Whoever may publish, or may list people, is told of everybody, always.
 * Once a room has an audience it has one until it closes: a list that grew by rules that come and go would be right for nobody.
 */
import type { Participant } from '../member/participant.ts'
import type { Member, RoomView } from '../member/room-view.ts'

export class Audience {
  readonly #room: RoomView
  readonly #from: number
  #hasBegun = false

  /** `from`: so many who may not publish, over all nodes of the room. */
  constructor(room: RoomView, from: number) {
    this.#room = room
    this.#from = from
  }

  /** Whether those who may not publish are kept from one another. */
  isUnseen(): boolean {
    if (this.#hasBegun || this.#room.size < this.#from) return this.#hasBegun
    const observers = this.#room.members().filter(({ isObserver }) => isObserver).length
    this.#hasBegun = observers >= this.#from
    return this.#hasBegun
  }

  /** The others as `participant` is told of them all at once. `isResuming`: its list is replaced, so who it knows stays in it. */
  shownTo(participant: Participant, { isResuming = false } = {}): Member[] {
    const others = this.#room.visible().filter(other => other !== participant)
    if (participant.seesAudience || participant.hasHeardOfObservers || !this.isUnseen()) return others
    return others.filter(other => !other.isObserver || (isResuming && other.isKnownToObservers))
  }
}
