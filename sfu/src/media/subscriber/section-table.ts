/**
 * The media sections of a subscriber connection, in the order of the description, which never shrinks (RFC 3264 §8). A
 * section is never given to another track as it is: browsers and the Rust SDK read a track's id when its transceiver is
 * made and keep it. It is rejected (port 0) first, and its line in the description is then taken by a section with a
 * new mid (RFC 8829 §5.2.2, "recycled"), so that hours of coming and going do not lengthen the description. Pure.
 */
import type { MediaKind, RtpParameters } from 'mediasoup/types'

export type SectionState =
  /** Carries its user's track. */
  | 'active'
  /** Its user left or the client refused it; must be offered rejected before its line is taken again. */
  | 'retired'
  /** Both sides have it rejected: its line may be taken. */
  | 'free'
  /** A section that is about to be filled will take its line. */
  | 'claimed'

export interface Section<User> {
  readonly mid: string
  readonly kind: MediaKind
  state: SectionState
  user: User | undefined
  /** Of the present or last user; undefined until its consumer exists. */
  rtpParameters: RtpParameters | undefined
  /** False as long as no offer has had it. */
  wasOffered: boolean
  /** The section whose line it takes when it is filled. */
  readonly replaces: Section<User> | undefined
}

export class SectionTable<User> {
  /** Sections that have been, or with the next offer will be, in the description. */
  readonly #listed: Section<User>[] = []
  #nextMid = 1

  get listed(): readonly Section<User>[] {
    return this.#listed
  }

  /** A new section, in the line of a free one when there is one. It is listed once its parameters are known, by `fill`. */
  take(kind: MediaKind, user: User): Section<User> {
    const replaces = this.#listed.find(section => section.state === 'free' && section.kind === kind)
    if (replaces) replaces.state = 'claimed'
    return {
      mid: `${this.#nextMid++}`,
      kind,
      state: 'active',
      user,
      rtpParameters: undefined,
      wasOffered: false,
      replaces,
    }
  }

  fill(section: Section<User>, rtpParameters: RtpParameters): void {
    if (section.state !== 'active' || section.rtpParameters) return
    section.rtpParameters = rtpParameters
    const line = section.replaces ? this.#listed.indexOf(section.replaces) : -1
    if (line < 0) this.#listed.push(section)
    else this.#listed[line] = section
  }

  /**
   * The user is gone. A section that was never offered just disappears: libwebrtc does not answer an offer whose rejected
   * section it has never seen.
   */
  retire(section: Section<User>): void {
    if (section.state !== 'active') return
    section.user = undefined
    section.state = 'retired'
    if (section.wasOffered) return
    const { replaces } = section
    if (replaces) replaces.state = 'free'
    const line = this.#listed.indexOf(section)
    if (line >= 0) this.#listed.splice(line, 1, ...(replaces ? [replaces] : []))
  }

  /** The client has answered an offer that had the section rejected. */
  free(section: Section<User>): void {
    if (section.state === 'retired') section.state = 'free'
  }
}
