/**
 * Data tracks between the nodes of a room. Of a track that another node publishes, this one has the facts (the member's record) and its
 * own handle; packets come only while somebody here is to get them, which its node is told. And the other way round.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { Incarnation } from '@diemcau/core/ids.ts'
import type { DataTrackInfo } from '@livekit/protocol'
import { z } from 'zod'
import type { Log } from '../base/log.ts'
import type { Participant } from '../member/participant.ts'
import type { Member, RoomView } from '../member/room-view.ts'
import { parseDataTrackHeader } from './data-track-packet.ts'
import type { DataTrack, DataTrackTable } from './data-track-table.ts'
import type { DataTrackViewers } from './data-track-viewers.ts'

/** A member of another node, as far as its data tracks go. */
export interface RemotePublisher extends Member {
  readonly node: Incarnation
  /** Replaced as a whole when it changes. */
  readonly trackPermissions: unknown
  readonly dataTracks: DataTrackInfo[]
}

/** What goes to the other nodes of the room. */
export interface DataTrackShare {
  /** `takeFrame` on those nodes. Lossy. */
  dataTrack(frame: Uint8Array, nodes: ReadonlySet<Incarnation>): void
  /** `takeWant` on that node. A later one of the same `trackSid` stands for all before it. */
  wantDataTrack(node: Incarnation, want: DataTrackWant): void
}

/** Whether somebody on the node that says so is to get a data track. */
export interface DataTrackWant {
  trackSid: string
  /** Rising: news that was overtaken by newer ones changes nothing. */
  order: number
  isWanted: boolean
}

/** All that a node wants, as part of what it says of the room as a whole. */
export interface DataTrackWants {
  order: number
  /** Also those of other nodes. */
  trackSids: string[]
}

export const dataTrackWants = z.object({
  order: z.number().int().nonnegative(),
  trackSids: z.array(z.string()),
})
const wantSchema = z.object({
  trackSid: z.string(),
  order: z.number().int().nonnegative(),
  isWanted: z.boolean(),
})

export interface RemoteDataTracksDeps {
  room: RoomView
  log: Log
  now(): number
  table: DataTrackTable
  viewers: DataTrackViewers
  /** Undefined: there are no other nodes. */
  share: DataTrackShare | undefined
}

/** Who asked for a track, and for how many frames a second. */
type Asked = Map<Participant, number | undefined>

/** Members out of sight whose viewers are remembered; of more the oldest are forgotten. */
const MOST_UNSEEN = 1_000

interface Followed {
  tracks: Map<string, DataTrack>
  permissions: unknown
}

export class RemoteDataTracks {
  readonly #deps: RemoteDataTracksDeps
  readonly #followed = new Map<RemotePublisher, Followed>()
  /** Of members out of sight, by their sid and that of the track: whoever wanted it does so when it is back. */
  readonly #unseen = new Map<string, Map<string, Asked>>()
  /** Tracks of other nodes that somebody here is to get. */
  readonly #wanted = new Set<DataTrack>()
  /** Of tracks published here, by sid: what each node said last. */
  readonly #wantedBy = new Map<string, Map<Incarnation, { order: number; isWanted: boolean }>>()
  #order: number

  constructor(deps: RemoteDataTracksDeps) {
    this.#deps = deps
    // A node that was in the room before and comes in again goes on counting from a higher number.
    this.#order = deps.now()
  }

  /** The newest facts of a member of another node are here; the participants know of them already. */
  follow(member: RemotePublisher): void {
    const { table, viewers, room, log } = this.#deps
    const followed = this.#followed.get(member) ?? {
      tracks: new Map<string, DataTrack>(),
      permissions: member.trackPermissions,
    }
    if (followed.tracks.size === 0 && member.dataTracks.length === 0) return
    this.#followed.set(member, followed)
    const unseen = this.#unseen.get(member.id)
    this.#unseen.delete(member.id)
    const still = new Set(member.dataTracks.map(({ sid }) => sid))
    this.#forget([...followed.tracks.values()].filter(({ info }) => !still.has(info.sid)))
    if (followed.permissions !== member.trackPermissions) {
      followed.permissions = member.trackPermissions
      viewers.reevaluate(followed.tracks.values())
    }
    for (const info of member.dataTracks) {
      if (table.get(info.sid)) continue
      if (table.isFull) {
        log.warn({ trackId: info.sid, node: member.node }, 'no handle left for a data track of another node')
        continue
      }
      const track = table.add(info, member)
      followed.tracks.set(info.sid, track)
      viewers.offer(track, room.participants.values())
      this.#resume(track, unseen?.get(info.sid))
    }
  }

  /** Those who had asked for it before it was out of sight. */
  #resume(track: DataTrack, asked: Asked | undefined): void {
    const { viewers } = this.#deps
    for (const [participant, targetFps] of asked ?? []) {
      const isThere = !participant.isClosed && !track.viewers.has(participant) && !track.publisher.isHidden
      if (isThere && viewers.add(track, participant, targetFps)) viewers.tellHandles(participant)
    }
  }

  /** A member of another node ends; the participants are about to hear of it. `mayReturn`: it is only out of sight. */
  end(member: RemotePublisher, mayReturn: boolean): void {
    const followed = this.#followed.get(member)
    if (!mayReturn) this.#unseen.delete(member.id)
    if (!followed) return
    this.#followed.delete(member)
    if (mayReturn) this.#remember(member, followed)
    this.#forget([...followed.tracks.values()])
  }

  #remember({ id }: RemotePublisher, { tracks }: Followed): void {
    const asked = (track: DataTrack): Asked =>
      new Map([...track.viewers].map(([participant, { targetFps }]) => [participant, targetFps]))
    this.#unseen.set(id, new Map([...tracks].map(([sid, track]) => [sid, asked(track)])))
    const [oldest] = this.#unseen.keys()
    if (this.#unseen.size > MOST_UNSEEN && oldest !== undefined) this.#unseen.delete(oldest)
  }

  /** Who here is to get a track has changed. */
  viewersChanged(track: DataTrack): void {
    const { publisher } = track
    if (!isRemote(publisher)) return
    const isWanted = [...track.viewers.values()].some(({ isAllowed }) => isAllowed)
    if (isWanted === this.#wanted.has(track)) return
    if (isWanted) this.#wanted.add(track)
    else this.#wanted.delete(track)
    this.#order += 1
    const want = { trackSid: track.info.sid, order: this.#order, isWanted }
    this.#deps.share?.wantDataTrack(publisher.node, want)
  }

  /** For those who may have missed some of the words, or were not there when they were said. */
  wants(): DataTrackWants {
    return { order: this.#order, trackSids: [...this.#wanted].map(({ info }) => info.sid) }
  }

  // Tracks published here -----------------------------------------------------------------------------------------

  /** A packet as its publisher sent it: goes once to each node where it is wanted. */
  shareFrame({ info }: DataTrack, packet: Uint8Array): void {
    const wishes = this.#wantedBy.get(info.sid)
    if (!wishes) return
    const nodes = new Set([...wishes].flatMap(([node, { isWanted }]) => (isWanted ? [node] : [])))
    if (nodes.size > 0) this.#deps.share?.dataTrack(encodeFrame(info.sid, packet), nodes)
  }

  /** @throws AppError('invalid_argument') */
  takeWant(node: Incarnation, message: unknown): void {
    const read = wantSchema.safeParse(message)
    if (!read.success) throw new AppError('invalid_argument', 'what another node wants cannot be read')
    this.#want(node, read.data)
  }

  /** All that `node` wants. */
  takeWants(node: Incarnation, { order, trackSids }: DataTrackWants): void {
    const wanted = new Set(trackSids)
    for (const { info, publisher } of this.#deps.table.all())
      if (!isRemote(publisher))
        this.#want(node, { trackSid: info.sid, order, isWanted: wanted.has(info.sid) })
  }

  /** It has nobody in the room any more. */
  dropNode(node: Incarnation): void {
    for (const wishes of this.#wantedBy.values()) wishes.delete(node)
  }

  /** A track published here has ended. */
  forgetOwn({ info }: DataTrack): void {
    this.#wantedBy.delete(info.sid)
  }

  // Tracks of others ----------------------------------------------------------------------------------------------

  /** A packet of a track that `node` publishes. Dropped when it is of none. Never throws. */
  takeFrame(node: Incarnation, frame: Uint8Array): void {
    const { trackSid, packet } = decodeFrame(frame)
    const track = this.#deps.table.get(trackSid)
    const header = parseDataTrackHeader(packet)
    if (!track || !header || !isRemote(track.publisher) || track.publisher.node !== node) {
      this.#deps.log.debug({ node, trackId: trackSid }, 'data track packet of another node dropped')
      return
    }
    this.#deps.viewers.deliver(track, header, packet, this.#deps.now())
  }

  #want(node: Incarnation, { trackSid, order, isWanted }: DataTrackWant): void {
    const track = this.#deps.table.get(trackSid)
    if (!track || isRemote(track.publisher)) return
    const wishes = this.#wantedBy.get(trackSid) ?? new Map()
    if ((wishes.get(node)?.order ?? -1) > order) return
    this.#wantedBy.set(trackSid, wishes.set(node, { order, isWanted }))
  }

  #forget(tracks: DataTrack[]): void {
    const { table, viewers } = this.#deps
    const concerned = new Set(tracks.flatMap(track => viewers.clear(track)))
    for (const track of tracks) {
      this.#wanted.delete(track)
      table.remove(track)
      this.#followed.get(track.publisher as RemotePublisher)?.tracks.delete(track.info.sid)
    }
    for (const participant of concerned) viewers.tellHandles(participant)
  }
}

const isRemote = (publisher: Member): publisher is RemotePublisher => 'node' in publisher

/** Length of the sid (one byte), sid, packet. */
function encodeFrame(trackSid: string, packet: Uint8Array): Uint8Array {
  const head = Buffer.from(trackSid)
  return Buffer.concat([Buffer.from([head.length]), head, packet])
}

function decodeFrame(frame: Uint8Array): { trackSid: string; packet: Uint8Array } {
  const end = 1 + (frame[0] ?? 0)
  return { trackSid: Buffer.from(frame.subarray(1, end)).toString(), packet: frame.subarray(end) }
}
