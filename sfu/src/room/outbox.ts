/**
 * What goes to one client, over whichever link it has. While the link is lost, messages wait in order; participant
 * infos wait apart, the newest of each identity, so that a long absence costs no more than the room's size.
 */
import type { RoomLimits } from './limits.ts'
import type { SignalLink } from './signal-link.ts'
import { encodeUpdates } from './wire.ts'

/** A participant's info as others are told it. */
export interface KnownInfo {
  identity: string
  encoded: Uint8Array
}

export class Outbox {
  #link: SignalLink | undefined
  #isClosed = false
  #kept: Uint8Array[] = []
  #keptBytes = 0
  readonly #limits: Pick<RoomLimits, 'keptMessages' | 'keptBytes'>
  readonly #keptInfos = new Map<string, Uint8Array>()

  /** Over the limits the client comes back with a gap it can live with. */
  constructor(limits: Pick<RoomLimits, 'keptMessages' | 'keptBytes'>) {
    this.#limits = limits
  }

  /**
   * Sends `firstMessage`, then infos: what was kept and `infos` over it; then the other messages
   * that were kept. Returns the link it replaces.
   */
  attach(link: SignalLink, firstMessage: Uint8Array, infos: KnownInfo[] = []): SignalLink | undefined {
    const replaced = this.#link
    this.#link = link
    link.send(firstMessage)
    for (const { identity, encoded } of infos) this.#keptInfos.set(identity, encoded)
    // In one message, as long as the join reply: native clients take the first update for the whole list.
    for (const message of encodeUpdates(this.#keptInfos.values(), Infinity)) link.send(message)
    for (const message of this.#kept) link.send(message)
    this.#keptInfos.clear()
    this.#forgetKept()
    return replaced
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

  send(message: Uint8Array): void {
    if (this.#link) this.#link.send(message)
    else this.#keep(message)
  }

  #keep(message: Uint8Array): void {
    const { keptMessages, keptBytes } = this.#limits
    if (this.#isClosed || this.#kept.length >= keptMessages) return
    if (this.#keptBytes + message.length > keptBytes) return
    this.#kept.push(message)
    this.#keptBytes += message.length
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
    this.#keptInfos.clear()
  }
}
