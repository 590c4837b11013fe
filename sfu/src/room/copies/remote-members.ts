/**
 * The members of a room whose connections other nodes hold. Each node writes the facts of its own; here they are applied,
 * by the rules of `MemberCopies`, in whatever order they come. Owned by the room, which closes it.
 */

import { AppError } from '@diemcau/core/errors.ts'
import type { Incarnation, ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import { DisconnectReason } from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { NodeMedia, RemoteTrack } from '../base/node-media.ts'
import type { MemberRecord } from '../member/member-record.ts'
import type { KeptWord } from '../member/participant-facts.ts'
import type { Member } from '../member/room-view.ts'
import type { MemberProfile } from '../member/second-connections.ts'
import { CopyKeeper, type CopyKeeperDeps, ShownCopy } from './copy-keeper.ts'
import { MemberCopies } from './member-copies.ts'
import { RemoteMember } from './remote-member.ts'

export interface RemoteMembersDeps extends CopyKeeperDeps {
  limits: RoomLimits
  /** The media of this room as far as other nodes have to do with it. */
  media(): NodeMedia
  /** Somebody here subscribed to a track: its publisher is to be told, on its node. Rejects when that did not hear of it. */
  subscribed(member: RemoteMember, trackId: TrackId): Promise<unknown>
  /** Newer facts of a member are here, or it is about to end; `unseen`: it may come back, and if it does not, `ends` follows. */
  told(member: RemoteMember, end: 'ends' | 'unseen' | undefined): void
  /** Its name, metadata, attributes or permission are not what they were. */
  changed(member: RemoteMember, before: MemberProfile): void
  /** It has left, and no other connection of its identity is in its place. */
  left(member: Pick<Member, 'identity'>): void
  /** An identity was claimed elsewhere with a higher epoch than any seen: whoever holds it here has lost it, and is returned. */
  superseded(identity: string): (Member & MemberProfile) | undefined
  /** Whether anybody of that identity is in the room, wherever the connection is. */
  isHere(identity: string): boolean
}

/** A member has left its node (message `gone`); final. */
export interface MemberGone {
  participantId: ParticipantId
  identity: string
  epoch: number
  version: number
  reason: DisconnectReason
}

interface Entry {
  readonly member: RemoteMember
  readonly shown: ShownCopy
  /** Its tracks in this room's media. */
  readonly landed: Map<TrackId, RemoteTrack>
  /** It has left, and what it sent before may still come. */
  lastWords?: NodeJS.Timeout
}

/** As long as data waits for the facts it was sent with: no last word comes later, ms. */
const LAST_WORDS_MS = 1_000

export class RemoteMembers {
  readonly #deps: RemoteMembersDeps
  readonly #keeper: CopyKeeper
  /** What counts of all that was said. */
  readonly #copies = new MemberCopies<MemberRecord>()
  /** What is shown of that, by identity. */
  readonly #entries = new Map<string, Entry>()
  readonly #bySid = new Map<string, RemoteMember>()
  /** Those out of sight with their nodes, by identity: they may come back, and have not left. */
  readonly #hidden = new Map<string, RemoteMember>()
  /** What holds for the next connection, by identity, also of those who have left: as long as the room is here. */
  readonly #kept = new Map<string, KeptWord>()
  /** For those who lost their claim here and whose successor is not shown yet. */
  readonly #missing = new Set<NodeJS.Timeout>()
  /** Those, by identity. */
  readonly #lost = new Map<string, Member & MemberProfile>()

  constructor(deps: RemoteMembersDeps) {
    this.#deps = deps
    this.#keeper = new CopyKeeper(deps)
  }

  get size(): number {
    return this.#entries.size
  }
  /** By identity. */
  get(identity: string): RemoteMember | undefined {
    return this.#entries.get(identity)?.member
  }
  bySid(sid: string): RemoteMember | undefined {
    return this.#bySid.get(sid)
  }
  list(): RemoteMember[] {
    return [...this.#entries.values()].map(({ member }) => member)
  }

  /** What other nodes have put down of their members, for a record that was emptied while such a node was lost. */
  kept(): { identity: string; kept: KeptWord }[] {
    return [...this.#kept].map(([identity, kept]) => ({ identity, kept }))
  }

  /** What `node` says of one of its members. False when that is old news. */
  apply(node: Incarnation, record: MemberRecord): boolean {
    const { participantId: psid, identity, epoch, version } = record
    const highest = this.epochOf(identity)
    if (!this.#copies.apply({ psid, identity, epoch, version, owner: node, facts: record })) return false
    const { kept } = record
    if (kept && kept.rev > (this.#kept.get(identity)?.rev ?? 0)) this.#kept.set(identity, kept)
    if (epoch > highest) this.#supersede(identity)
    const entry = this.#entries.get(identity)
    if (entry?.member.id === psid) this.#update(entry, record)
    else this.#open(node, record, entry)
    return true
  }

  /**
   * `node` has said who all its members are: `still`, by sid. The others have left; what they sent before may have been overtaken by
   * that word, so they are shown until their `gone` comes, but not for long.
   */
  keepOnly(node: Incarnation, still: ReadonlySet<string>): void {
    this.#copies.keepOnly(node, still)
    for (const entry of this.#of(node))
      if (!still.has(entry.member.id)) this.#endSoon(entry, DisconnectReason.CLIENT_INITIATED)
    this.#leftUnseen(member => member.node === node && !still.has(member.id))
  }

  gone({ participantId: psid, identity, epoch, version, reason }: MemberGone): void {
    const highest = this.epochOf(identity)
    this.#copies.gone({ psid, identity, epoch })
    if (epoch > highest) this.#supersede(identity)
    const entry = this.#entries.get(identity)
    if (entry?.member.id === psid) this.#end(entry, version, reason)
    this.#leftUnseen(member => member.id === psid)
  }

  /**
   * A claim to the identity with this epoch exists somewhere: whoever has a lower one has lost it, here at once, elsewhere as soon as
   * the new one is told or a second is over.
   */
  see(identity: string, epoch: number): void {
    if (epoch <= this.epochOf(identity)) return
    this.#copies.see(identity, epoch)
    this.#supersede(identity)
    const entry = this.#entries.get(identity)
    if (entry) this.#endSoon(entry, DisconnectReason.DUPLICATE_IDENTITY)
  }

  /** `node` is buried: its members are gone for good. */
  nodeBuried(node: Incarnation, reason: DisconnectReason): void {
    this.#copies.bury(node)
    for (const entry of this.#of(node)) this.#end(entry, entry.member.version + 1, reason)
    this.#leftUnseen(member => member.node === node)
  }

  /** Nothing it says counts any more. */
  isBuried(node: Incarnation): boolean {
    return this.#copies.isBuried(node)
  }

  /** `node` is not heard: its members are out of sight, and come back with its next word. */
  nodeUnheard(node: Incarnation, reason: DisconnectReason): void {
    this.#copies.hide(node)
    for (const entry of this.#of(node)) {
      this.#hidden.set(entry.member.identity, entry.member)
      this.#end(entry, entry.member.version + 1, reason, 'seen')
    }
  }

  /** The identity is claimed here now, with this epoch. */
  yield(identity: string, epoch: number): void {
    this.#copies.claimHere(identity, epoch)
    this.#hidden.delete(identity)
    const entry = this.#entries.get(identity)
    if (entry && entry.member.epoch < epoch)
      this.#end(entry, entry.member.version + 1, DisconnectReason.DUPLICATE_IDENTITY, 'silent')
  }

  /**
   * Nodes that hold those a packet is for. Undefined, all of the room: it is for everybody, or for somebody unknown, who may be on his way.
   *
   * @param isHere whether this node has the connection of that identity or sid
   */
  nodesOf(
    destinations: { identities: ReadonlySet<string>; sids: ReadonlySet<string> } | undefined,
    isHere: (who: string) => boolean,
  ): Set<Incarnation> | undefined {
    if (!destinations) return undefined
    const nodes = new Set<Incarnation>()
    for (const who of [...destinations.identities, ...destinations.sids]) {
      const member = this.get(who) ?? this.bySid(who)
      if (member) nodes.add(member.node)
      else if (!isHere(who)) return undefined
    }
    return nodes
  }

  /** The highest epoch seen of an identity, 0 when there is none. */
  epochOf(identity: string): number {
    return this.#copies.highest(identity)
  }
  /** The highest epoch seen of anybody; 0: none. */
  get highestEpoch(): number {
    return this.#copies.highestOfAll
  }

  close(reason: DisconnectReason): void {
    for (const timer of this.#missing) clearTimeout(timer)
    this.#missing.clear()
    for (const entry of [...this.#entries.values()]) this.#end(entry, entry.member.version + 1, reason)
  }

  #of(node: Incarnation): Entry[] {
    return [...this.#entries.values()].filter(({ member }) => member.node === node)
  }

  #open(node: Incarnation, record: MemberRecord, previous: Entry | undefined): void {
    const { limits, now, log, media, subscribed, broadcast } = this.#deps
    const member: RemoteMember = new RemoteMember(
      node,
      record,
      limits,
      now,
      () => shown,
      trackId => {
        if (subscribedTo.has(trackId)) return
        subscribedTo.add(trackId)
        // The next one who subscribes tells it again.
        subscribed(member, trackId).catch(() => subscribedTo.delete(trackId))
      },
    )
    const subscribedTo = new Set<TrackId>()
    const landed: Entry['landed'] = new Map()
    const shown = new ShownCopy(
      member,
      member,
      ({ trackId }) => {
        const facts = member.mediaOf(trackId)
        if (!facts) throw new AppError('track_not_found', 'its node does not know its media yet')
        const track = media().addRemote(member.node, facts)
        landed.set(trackId, track)
        return () => {
          landed.delete(trackId)
          track.remove()
        }
      },
      // Its versions are those of its owner.
      () => {},
    )
    if (previous) {
      // The others know the old connection: the new one takes its place in their lists at once, unless nobody may know of it.
      member.isKnownToObservers = previous.member.isKnownToObservers
      this.#end(
        previous,
        previous.member.version + 1,
        DisconnectReason.DUPLICATE_IDENTITY,
        member.isHidden ? 'seen' : 'silent',
      )
    }
    this.#hidden.delete(member.identity)
    this.#entries.set(member.identity, { member, shown, landed })
    this.#bySid.set(member.id, member)
    log.info({ participantId: member.id, identity: member.identity, node }, 'member on another node')
    broadcast.participant(member, { isPrompt: previous !== undefined })
    this.#keeper.catchUp(shown)
    broadcast.counts()
    this.#deps.told(member, undefined)
    const before = previous?.member ?? this.#lost.get(member.identity)
    this.#lost.delete(member.identity)
    if (before) this.#deps.changed(member, before)
  }

  #update(entry: Entry, record: MemberRecord): void {
    const { broadcast } = this.#deps
    const { member, shown } = entry
    const { isActive: wasActive, isHidden: wasHidden } = member
    const { name, metadata, attributes, permission } = member
    const dataTracks = sidsOf(member)
    member.apply(record)
    if (member.isHidden && !wasHidden) broadcast.departure(member)
    else if (member.isActive && !wasActive) broadcast.participant(member, { isPrompt: false })
    else if (sidsOf(member) !== dataTracks) broadcast.participant(member, { isPrompt: true })
    this.#keeper.catchUp(shown)
    this.#updateMedia(entry)
    if (wasHidden !== member.isHidden) broadcast.counts()
    this.#deps.told(member, undefined)
    this.#deps.changed(member, { name, metadata, attributes, permission })
  }

  #updateMedia({ member, landed }: Entry): void {
    for (const [trackId, track] of landed) {
      const facts = member.mediaOf(trackId)
      try {
        if (facts) track.update(facts)
      } catch (error) {
        this.#deps.log.warn({ err: error, trackId, node: member.node }, 'facts of a track were not taken')
      }
    }
  }

  #leftUnseen(isMeant: (member: RemoteMember) => boolean): void {
    for (const member of [...this.#hidden.values()].filter(isMeant)) {
      this.#hidden.delete(member.identity)
      this.#deps.told(member, 'ends')
      this.#deps.left(member)
    }
  }

  /** Nobody sees the former one leave, as the new one takes its place; unless that never comes. */
  #supersede(identity: string): void {
    const former = this.#deps.superseded(identity)
    if (!former) return
    this.#lost.set(identity, former)
    const timer = setTimeout(() => {
      this.#missing.delete(timer)
      if (this.#lost.get(identity) === former) this.#lost.delete(identity)
      if (this.#deps.isHere(identity)) return
      this.#deps.broadcast.participant(former, { isPrompt: false })
      this.#deps.left(former)
    }, LAST_WORDS_MS)
    this.#missing.add(timer)
  }

  #endSoon(entry: Entry, reason: DisconnectReason): void {
    entry.lastWords ??= setTimeout(() => this.#end(entry, entry.member.version + 1, reason), LAST_WORDS_MS)
  }

  #end(
    { member, shown, lastWords }: Entry,
    version: number,
    reason: DisconnectReason,
    /** It, or another connection of the identity, is shown again before long; `silent`: in its place, so that nobody sees it leave. */
    successor?: 'seen' | 'silent',
  ): void {
    const { broadcast, log } = this.#deps
    this.#deps.told(member, this.#hidden.get(member.identity) === member ? 'unseen' : 'ends')
    clearTimeout(lastWords)
    this.#entries.delete(member.identity)
    this.#bySid.delete(member.id)
    this.#keeper.end(shown, () => member.close(version, reason), { isReplaced: successor === 'silent' })
    log.info({ participantId: member.id, reason: DisconnectReason[reason] }, 'member on another node ended')
    broadcast.counts()
    if (!successor) this.#deps.left(member)
  }
}

const sidsOf = ({ dataTracks }: RemoteMember): string => dataTracks.map(({ sid }) => sid).join()
