/**
 * What goes to one client, over whichever link it has. While the link is lost, messages wait in order; participant
 * infos wait apart, the newest of each identity, so that a long absence costs no more than the room's size. What a dead
 * link may have swallowed is said again on the next one, where saying it twice does no harm.
 */
import type { SignalResponse } from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { SignalLink } from '../base/signal-link.ts'
import { encodeUpdates } from '../base/wire.ts'

/** A participant's info as others are told it. */
export interface KnownInfo {
  identity: string
  encoded: Uint8Array
}

/**
 * Whether a message may be said again when it is not known to have arrived: before the infos of people, after them (of those that say how the
 * room is, only the newest), or not at all (undefined), because it means something else the second time.
 */
export type Repeat = 'before_infos' | 'after_infos' | 'newest_room' | undefined

export function repeatOf(message: SignalResponse['message']): Repeat {
  switch (message.case) {
    // A client that learns from its own info that it is muted, and knows of no mute, insists on being heard.
    case 'mute':
      return 'before_infos'
    // Each room update carries the room's whole metadata, so older ones are of no use.
    case 'roomUpdate':
      return 'newest_room'
    case 'trackUnpublished':
    case 'streamStateUpdate':
    case 'subscribedQualityUpdate':
    case 'subscriptionPermissionUpdate':
    case 'dataTrackSubscriberHandles':
      return 'after_infos'
    default:
      return undefined
  }
}

interface Sent {
  message: Uint8Array
  repeat: Repeat
}

export class SignalBacklog {
  #link: SignalLink | undefined
  #isClosed = false
  #kept: Sent[] = []
  #keptBytes = 0
  readonly #limits: Pick<RoomLimits, 'keptMessages' | 'keptBytes'>
  readonly #keptInfos = new Map<string, Uint8Array>()
  /** Repeatable messages handed to the link, not known to have arrived; the number is their place in all that was sent. */
  #unproven: (Sent & { number: number })[] = []
  #sentCount = 0

  /** What is over the limits is not kept; the client then comes back with a gap that it can live with. */
  constructor(limits: Pick<RoomLimits, 'keptMessages' | 'keptBytes'>) {
    this.#limits = limits
  }

  /**
   * Sends `firstMessage`, then infos: what was kept and `infos` over it; then what the former link may have
   * swallowed and what was kept. Mutes go before the infos. Returns the link it replaces.
   */
  attach(link: SignalLink, firstMessage: Uint8Array, infos: KnownInfo[] = []): SignalLink | undefined {
    const replaced = this.#link
    this.#link = link
    link.send(firstMessage)
    const missed = [...this.#unproven, ...this.#kept]
    this.#unproven = []
    for (const sent of missed) if (sent.repeat === 'before_infos') this.#hand(link, sent)
    for (const { identity, encoded } of infos) this.#keptInfos.set(identity, encoded)
    // In one message, as long as the join reply: native clients take the first update for the whole list.
    for (const message of encodeUpdates(this.#keptInfos.values(), Infinity)) link.send(message)
    for (const sent of missed) if (sent.repeat !== 'before_infos') this.#hand(link, sent)
    this.#keptInfos.clear()
    this.#forgetKept()
    return replaced
  }

  /** The client is still receiving what it is told on joining or resuming. */
  get isReceivingFirst(): boolean {
    return this.#link?.isReceivingFirst?.() ?? false
  }

  /** Messages kept for a client whose link is lost; infos of people are apart. */
  get waitingBytes(): number {
    return this.#keptBytes
  }

  get isLinked(): boolean {
    return this.#link !== undefined
  }

  /** False when `link` is not the current one. */
  detach(link: SignalLink): boolean {
    if (this.#link !== link) return false
    this.#link = undefined
    return true
  }

  /** `repeat` as `repeatOf` says of the message. */
  send(message: Uint8Array, repeat: Repeat = undefined): void {
    if (this.#link) this.#hand(this.#link, { message, repeat })
    else this.#keep({ message, repeat })
  }

  /** Names what has been sent until now; `confirm` it when the client is known to have had it. */
  mark(): number {
    return this.#sentCount
  }

  /** Everything sent until `mark` has arrived. */
  confirm(mark: number): void {
    this.#unproven = this.#unproven.filter(({ number }) => number > mark)
  }

  #hand(link: SignalLink, { message, repeat }: Sent): void {
    link.send(message)
    if (repeat === undefined) return
    this.#sentCount += 1
    if (repeat === 'newest_room') this.#unproven = this.#unproven.filter(sent => sent.repeat !== repeat)
    this.#unproven.push({ number: this.#sentCount, message, repeat })
    if (this.#unproven.length > this.#limits.keptMessages) this.#unproven.shift()
  }

  #keep(sent: Sent): void {
    const { keptMessages, keptBytes } = this.#limits
    if (this.#isClosed) return
    // There is never more than one of these, so it may be over the limits.
    if (sent.repeat === 'newest_room') this.#forgetOlder(sent.repeat)
    else if (this.#kept.length >= keptMessages || this.#keptBytes + sent.message.length > keptBytes) return
    this.#kept.push(sent)
    this.#keptBytes += sent.message.length
  }

  #forgetOlder(repeat: Repeat): void {
    for (const { message } of this.#kept.filter(kept => kept.repeat === repeat))
      this.#keptBytes -= message.length
    this.#kept = this.#kept.filter(kept => kept.repeat !== repeat)
    this.#unproven = this.#unproven.filter(unproven => unproven.repeat !== repeat)
  }

  #forgetKept(): void {
    this.#kept = []
    this.#keptBytes = 0
  }

  /** Of no use later: offers, speakers, qualities. */
  sendTransient(message: Uint8Array): void {
    this.#link?.send(message)
  }

  /** `messages` are the encoded updates over `infos`, made once for all receivers. */
  sendUpdates(messages: Uint8Array[], infos: KnownInfo[]): void {
    if (this.#link) for (const message of messages) this.#link.send(message)
    else if (!this.#isClosed) for (const info of infos) this.#keptInfos.set(info.identity, info.encoded)
  }

  close(code: number, reason: string): void {
    this.#isClosed = true
    this.#link?.close(code, reason)
    this.#link = undefined
    this.#forgetKept()
    this.#unproven = []
    this.#keptInfos.clear()
  }
}
