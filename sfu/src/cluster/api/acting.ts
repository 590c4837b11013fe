/**
 * Whether this node may answer for what it did to its members: not when the others may take it for dead, as a node that was stopped and wakes, or
 * reaches nobody, acts for people who are connected elsewhere by now.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import { instant } from '../claim/sureness.ts'
import type { Incarnation } from '../links/node-links.ts'
import type { NodeBeats } from '../node/node-beats.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import type { HeldWord } from './held-words.ts'
import type { OwnNode } from './own-node.ts'
import type { PeerAsking } from './peer-asking.ts'
import * as calls from './room-calls.ts'

/** How long it is waited for being sure, ms: as long as a record that began anew lets nobody be, and a beat. */
const SURE_WITHIN_MS = 3_500
/** The record is away for a node that does not reach it for so long, ms: one that has just woken up has not tried yet. */
const AWAY_AFTER_MS = 1_000
const LOOK_EVERY_MS = 50
/** How long another node may take to say what it knows of this one, or to hold a word, ms. */
const ASK_MS = 1_000
/** A record that answers within this is not asked whether it does, ms. */
const PROMPT_MS = 200

export interface ActingOptions {
  steps: RecordSteps
  beats: Pick<NodeBeats, 'isSure' | 'vouchedBy'>
  peers: PeerAsking
  own: OwnNode
  /** Default: AWAY_AFTER_MS */
  awayAfterMs?: number | undefined
}

export class Acting {
  readonly #options: ActingOptions

  constructor(options: ActingOptions) {
    this.#options = options
  }

  /**
   * What was done before this call was done by the node whose members they are: it is sure that nobody has buried it, or (`away`) none of the
   * room's nodes reaches the record, so that nobody can have.
   *
   * @param nodes the other nodes of the room
   * @throws AppError('unavailable'): it may have happened
   */
  async confirm(nodes: readonly Incarnation[]): Promise<'sure' | 'away'> {
    const { steps, beats, awayAfterMs = AWAY_AFTER_MS } = this.#options
    const until = performance.now() + SURE_WITHIN_MS
    let triedFrom: number | undefined
    for (;;) {
      if (steps.ended !== undefined) break
      if (beats.isSure) return 'sure'
      const askedAt = performance.now()
      if (await this.#reachesRecord()) triedFrom = undefined
      else {
        triedFrom ??= askedAt
        if (performance.now() - triedFrom >= awayAfterMs && (await this.#areAllWithout(nodes))) return 'away'
      }
      if (performance.now() >= until) break
      await wait(LOOK_EVERY_MS)
    }
    throw new AppError('unavailable', 'this node may not be the one to say so any more: it may have happened')
  }

  /**
   * What the record says; or 'away', as soon as it is known that none of `nodes`, nor anybody else who is heard, reaches it. What was asked of it may
   * still be done. @throws what `asked` rejects with
   */
  async unlessAway<T>(nodes: readonly Incarnation[], asked: Promise<T>): Promise<T | 'away'> {
    let hasAnswered = false
    const answered = asked.then(
      answer => {
        hasAnswered = true
        return { answer }
      },
      (error: unknown) => {
        hasAnswered = !isUnavailable(error)
        return { error }
      },
    )
    const away = this.#awaitAway(nodes, () => hasAnswered)
    const first = await Promise.race([answered, away])
    if (first === true) return 'away'
    const said = await answered
    if ('answer' in said) return said.answer
    if (isUnavailable(said.error) && (await away)) return 'away'
    throw said.error
  }

  /**
   * The record is away, and this is to be acknowledged all the same: resolves when all nodes of the room hold it for the record, and those others that
   * can be asked; where other nodes are known, one of them at least, so that this one's death alone loses nothing.
   *
   * @param nodes the other nodes of the room
   * @throws AppError('unavailable'): some may hold it, and the record may get it
   */
  async hold(word: HeldWord, nodes: readonly Incarnation[]): Promise<void> {
    const { own, peers } = this.#options
    const others = [...new Set([...nodes, ...peers.linked()])]
    const answers = await Promise.all(
      others.map(async node => {
        const answer = await peers.ask(node, calls.holdWord, word, ASK_MS).catch(() => undefined)
        return { node, answer }
      }),
    )
    const { isHeld } = own.hold(word)
    const isKnown = answers.every(({ node, answer }) => answer?.isHeld === true || !nodes.includes(node))
    const isSafe = peers.isAlone || answers.some(({ answer }) => answer?.isHeld)
    // Somebody who reaches it may have let somebody in before it held this.
    const isAway = answers.every(({ answer }) => answer?.reachesRecord !== true)
    if (isHeld && isKnown && isSafe && isAway) return
    throw new AppError('unavailable', 'not all nodes of the room could be told: it may have happened')
  }

  async #awaitAway(nodes: readonly Incarnation[], isOver: () => boolean): Promise<boolean> {
    const { steps, awayAfterMs = AWAY_AFTER_MS } = this.#options
    const until = performance.now() + SURE_WITHIN_MS
    let triedFrom: number | undefined
    await wait(PROMPT_MS)
    while (!isOver() && steps.ended === undefined && performance.now() < until) {
      const askedAt = performance.now()
      if (await this.#reachesRecord()) triedFrom = undefined
      else {
        triedFrom ??= askedAt
        if (performance.now() - triedFrom >= awayAfterMs && (await this.#areAllWithout(nodes))) return true
      }
      await wait(LOOK_EVERY_MS)
    }
    return false
  }

  async #reachesRecord(): Promise<boolean> {
    const { steps } = this.#options
    return await steps
      .ask(() => steps.record.nodes())
      .then(
        () => true,
        () => false,
      )
  }

  /** Whether none of the room's nodes, nor anybody else who is heard, reaches the record. One who does may vouch for this node. */
  async #areAllWithout(nodes: readonly Incarnation[]): Promise<boolean> {
    const { steps, beats, peers } = this.#options
    const asked = instant()
    const all = [...new Set([...nodes, ...peers.linked()])]
    const answers = await Promise.all(
      all.map(async node => {
        const answer = await peers.ask(node, calls.vouch, { inst: steps.inst }, ASK_MS).catch(() => undefined)
        return { node, answer }
      }),
    )
    for (const { answer } of answers)
      if (typeof answer?.vouchedMs === 'number') beats.vouchedBy(asked, answer.vouchedMs)
    return answers.every(({ node, answer }) => (answer ? !answer.reachesRecord : !nodes.includes(node)))
  }
}

const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable'
