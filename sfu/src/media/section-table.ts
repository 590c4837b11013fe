/**
 * The media sections of a subscriber connection, in the order of the description, which never shrinks (RFC 3264 §8). A
 * section is used again by a later track, but only after the client has seen it inactive: browsers announce a
 * track only when a section changes from inactive to active. Pure.
 */
import type { MediaKind, RtpParameters } from 'mediasoup/types'

export type SectionState =
  /** Carries its user's track. */
  | 'active'
  /** Its user left; must be offered inactive before it is used again. */
  | 'retired'
  | 'free'
  /** Refused by the client; never used again. */
  | 'dead'

export interface Section<User> {
  readonly mid: string
  readonly kind: MediaKind
  state: SectionState
  user: User | undefined
  /** Of the present or last user; undefined until its consumer exists. */
  rtpParameters: RtpParameters | undefined
}

export class SectionTable<User> {
  /** Sections that have been, or with the next offer will be, in the description. */
  readonly #listed: Section<User>[] = []
  #nextMid = 1

  get listed(): readonly Section<User>[] {
    return this.#listed
  }

  /** A free section or a new one. A new one is listed once its parameters are known, by `fill`. */
  take(kind: MediaKind, user: User): Section<User> {
    const free = this.#listed.find(section => section.state === 'free' && section.kind === kind)
    if (free) {
      free.state = 'active'
      free.user = user
      return free
    }
    return { mid: `${this.#nextMid++}`, kind, state: 'active', user, rtpParameters: undefined }
  }

  fill(section: Section<User>, rtpParameters: RtpParameters): void {
    section.rtpParameters = rtpParameters
    if (!this.#listed.includes(section)) this.#listed.push(section)
  }

  /** The user is gone. A section that was never listed just disappears. */
  retire(section: Section<User>): void {
    section.user = undefined
    if (section.state === 'active') section.state = 'retired'
  }
}
