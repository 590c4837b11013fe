/**
 * What goes to one client, over whichever link it has. While the link is lost, messages wait in order; participant
 * infos wait apart, the newest of each identity, so that a long absence costs no more than the room's size.
 */
import type { SignalLink } from './signal-link.ts'
import { encodeUpdates } from './wire.ts'

/** Messages kept for a lost link; more than that and the client comes back with a gap it can live with. */
const KEPT_MESSAGES = 500

/** A participant's info as others are told it. */
export interface KnownInfo {
  identity: string
  encoded: Uint8Array
}

export class Outbox {
  #link: SignalLink | undefined
  #isClosed = false
  #kept: Uint8Array[] = []
  readonly #keptInfos = new Map<string, Uint8Array>()

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
    this.#kept = []
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
    else if (!this.#isClosed && this.#kept.length < KEPT_MESSAGES) this.#kept.push(message)
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
    this.#kept = []
    this.#keptInfos.clear()
  }
}
