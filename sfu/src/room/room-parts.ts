/** The parts of a room that live as long as it does, made together because they know each other. */
import { AppError } from '@diemcau/core/errors.ts'
import type { Log } from './base/log.ts'
import type { NodeMedia } from './base/node-media.ts'
import type { RoomMedia } from './base/ports.ts'
import { RoomCaptures } from './capture/room-captures.ts'
import { ForwardedParticipants } from './copies/forwarded-participants.ts'
import { OwnRecords } from './copies/own-records.ts'
import { RemoteMember } from './copies/remote-member.ts'
import { RemoteMembers } from './copies/remote-members.ts'
import { DataPlane } from './data/data-plane.ts'
import type { Participant } from './member/participant.ts'
import type { RoomView } from './member/room-view.ts'
import { secondsOf } from './member/second-connections.ts'
import type { RoomDeps, RoomPeers } from './room-deps.ts'
import type { RoomEvents } from './room-events.ts'
import { RoomNodes } from './room-nodes.ts'
import { ParticipantChanges } from './telling/participant-changes.ts'
import { RoomBroadcast } from './telling/room-broadcast.ts'
import { RoomSpeakers } from './telling/room-speakers.ts'
import { RoomTracks } from './telling/room-tracks.ts'

/** What the parts ask of the room itself. */
interface RoomPartsOwner {
  readonly room: RoomView & { readonly isClosed: boolean }
  readonly deps: RoomDeps
  readonly log: Log
  readonly events: RoomEvents
  /** Undefined: there are no other nodes. */
  readonly peers: RoomPeers | undefined
  media(): RoomMedia
  nodeMedia(): NodeMedia | undefined
  /** The identity was claimed on another node with a higher epoch than any seen of it. Returns who had it here. */
  superseded(identity: string): Participant | undefined
  /** A second connection has lost its owner. */
  ownerLeft(second: Participant): void
}

export function makeRoomParts(owner: RoomPartsOwner) {
  const { room, deps, log, events, peers } = owner
  const { limits, now, elapsed } = deps
  const broadcast = new RoomBroadcast(room, limits, log, peers && (all => peers.qualities(all)))
  const captures = new RoomCaptures(room, log, now, {
    recordingChanged: () => {
      if (!room.isClosed) broadcast.room()
    },
    recordersChanged: count => {
      peers?.recorders(count)
      if (count === 0 && room.participants.size === 0 && !room.isClosed) peers?.emptied()
    },
    heardNow: () => broadcast.heardNow(),
  })
  const floorChanged = () => owner.media().checkFloor()
  const common = { room, broadcast, captures, limits, log, now }
  const tracks = new RoomTracks({
    ...common,
    // The node that holds the connection tells of what is published over it.
    emit: (event, publisher, { info }) => {
      if (!(publisher instanceof RemoteMember)) events.track(event, publisher, info)
    },
  })
  const own = peers && new OwnRecords(peers, owner.nodeMedia)
  const remote = new RemoteMembers({
    ...common,
    tracks,
    media: () => {
      const media = owner.nodeMedia()
      if (!media) throw new AppError('internal', 'a member of another node where there is none')
      return media
    },
    subscribed: async (member, trackId) => await peers?.subscribed(member, trackId),
    told: (member, end) => data.memberTold(member, end),
    changed: (member, before) => {
      changes.followOwner(member, before)
      floorChanged()
    },
    left: ({ identity }) => {
      if (!room.isClosed) for (const second of secondsOf(room, identity)) owner.ownerLeft(second)
    },
    superseded: owner.superseded,
    isHere: identity => room.members().some(member => member.identity === identity),
  })
  const forwarded = new ForwardedParticipants({
    ...common,
    tracks,
    media: owner.media,
    emit: (event, member) => events.emit(event, { participant: member.info() }),
  })
  const data: DataPlane = new DataPlane({
    ...common,
    now: elapsed,
    announce: participant => broadcast.participant(participant, { isPrompt: true }),
    share:
      peers &&
      (word => {
        const isHere = (who: string) => room.participants.has(who) || room.bySid(who) !== undefined
        const nodes = remote.nodesOf(word.outgoing.destinations, isHere)
        if (nodes?.size !== 0) peers.data(word, nodes)
      }),
    shareTracks: peers,
    remote,
    fetchBlob: peers && ((node, request) => peers.fetchBlob(node, request)),
  })
  const speakers = new RoomSpeakers({
    ...common,
    isVisible: sid => room.memberBySid(sid)?.isHidden === false,
    share: peers && (audible => peers.speakers(audible)),
  })
  const changes: ParticipantChanges = new ParticipantChanges({
    ...common,
    dataTracks: data.tracks,
    floorChanged,
  })
  const nodes = new RoomNodes({ ...common, own, tracks, remote, speakers, data, media: owner.nodeMedia })
  return { broadcast, captures, tracks, own, remote, forwarded, data, speakers, changes, nodes }
}
