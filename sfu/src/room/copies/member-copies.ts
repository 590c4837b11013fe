/**
 * The rules of what a node has of a room's members whose connections are elsewhere. Of an identity only the newest claim counts, of a claim
 * only the newest version; neither goes back, in whatever order news arrives, and by which link. Pure: rooms live by it, and the model of
 * the cluster's protocol checks it.
 */
import type { Incarnation, ParticipantId } from '@diemcau/core/ids.ts'

export interface MemberCopy<Facts> {
  psid: ParticipantId
  identity: string
  epoch: number
  /** Counts the owner's changes of this member. */
  version: number
  owner: Incarnation
  facts: Facts
}

/** The newest claim to an identity that was heard of, in this room. */
interface Newest {
  epoch: number
  /** Whose it is, as far as that is known. */
  holder: ParticipantId | 'here' | undefined
  /** Who has told facts of the holder. */
  owner: Incarnation | undefined
  /** The newest version seen of the holder. */
  version: number
  /** The holder has left. */
  isOver: boolean
}

export class MemberCopies<Facts> {
  readonly #copies = new Map<string, MemberCopy<Facts>>()
  /** By identity, as long as the room is here: a claim below it is lost, even if its own news come only now. */
  readonly #newest = new Map<string, Newest>()
  readonly #buried = new Set<Incarnation>()
  #highestOfAll = 0

  list(): MemberCopy<Facts>[] {
    return [...this.#copies.values()]
  }
  get(identity: string): MemberCopy<Facts> | undefined {
    return this.#copies.get(identity)
  }
  /** The highest epoch heard of for this identity; 0: none. */
  highest(identity: string): number {
    return this.#newest.get(identity)?.epoch ?? 0
  }
  /** The highest epoch of any identity of the room. */
  get highestOfAll(): number {
    return this.#highestOfAll
  }
  isBuried(owner: Incarnation): boolean {
    return this.#buried.has(owner)
  }

  /** A claim with this epoch exists, here or elsewhere. What is lower goes. */
  see(identity: string, epoch: number): void {
    this.#see(identity, epoch, undefined)
  }
  /** This node has the claim of this epoch: no other connection has it. */
  claimHere(identity: string, epoch: number): void {
    this.#see(identity, epoch, 'here')
  }

  /** `member` of a link. False: it was older than what is here, or of somebody gone or buried, and changed nothing. */
  apply(copy: MemberCopy<Facts>): boolean {
    const { identity, epoch, version, psid, owner } = copy
    if (this.#buried.has(owner) || epoch < this.highest(identity)) return false
    const newest = this.#see(identity, epoch, psid)
    if (newest.holder !== psid || newest.isOver || version < newest.version) return false
    if (version === newest.version && this.#copies.has(identity)) return false
    newest.version = version
    newest.owner = owner
    this.#copies.set(identity, copy)
    return true
  }

  /** `gone` of a link: final for this connection. */
  gone({ identity, epoch, psid }: Pick<MemberCopy<Facts>, 'identity' | 'epoch' | 'psid'>): void {
    // News of an end may come before that of the beginning.
    if (epoch >= this.highest(identity)) {
      const newest = this.#see(identity, epoch, psid)
      if (newest.holder === psid) newest.isOver = true
    }
    if (this.#copies.get(identity)?.psid === psid) this.#copies.delete(identity)
  }

  /** `room.full` of a link, before its members are applied: who is not among them has left, also those out of sight, whom old news would bring back. */
  keepOnly(owner: Incarnation, psids: ReadonlySet<string>): void {
    for (const [identity, { holder, epoch, owner: teller }] of this.#newest)
      if (teller === owner && holder !== undefined && holder !== 'here' && !psids.has(holder))
        this.gone({ identity, epoch, psid: holder })
  }

  /** Nothing of a buried incarnation counts, neither what is here nor what comes later. */
  bury(owner: Incarnation): void {
    this.#buried.add(owner)
    this.hide(owner)
  }

  /** This incarnation is not heard: what is here of it is out of sight until it says it again. */
  hide(owner: Incarnation): void {
    for (const copy of this.list()) if (copy.owner === owner) this.#copies.delete(copy.identity)
  }

  #see(identity: string, epoch: number, holder: Newest['holder']): Newest {
    this.#highestOfAll = Math.max(this.#highestOfAll, epoch)
    const known = this.#newest.get(identity)
    if (known && epoch <= known.epoch) {
      if (epoch === known.epoch) known.holder ??= holder
      return known
    }
    const newest: Newest = { epoch, holder, owner: undefined, version: 0, isOver: false }
    this.#newest.set(identity, newest)
    if ((this.#copies.get(identity)?.epoch ?? epoch) < epoch) this.#copies.delete(identity)
    return newest
  }
}
