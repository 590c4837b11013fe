import type { RoomDirectory } from '../../room/room-api.ts'
import type { NodeSession } from './node-session.ts'

/** The rooms of the cluster as the incarnation that is there just now knows them. `session` throws AppError('unavailable') where there is none. */
export const currentDirectory = (session: () => NodeSession): RoomDirectory => ({
  assertJoinable: async claims => session().directory.assertJoinable(claims),
  createRoom: async options => session().directory.createRoom(options),
  listRooms: async names => session().directory.listRooms(names),
  hasRoom: async name => session().directory.hasRoom(name),
  deleteRoom: async name => session().directory.deleteRoom(name),
  listParticipants: async room => session().directory.listParticipants(room),
  getParticipant: async (room, identity) => session().directory.getParticipant(room, identity),
  removeParticipant: async (room, identity, beforeS) =>
    session().directory.removeParticipant(room, identity, beforeS),
  mutePublishedTrack: async (room, identity, trackSid, muted) =>
    session().directory.mutePublishedTrack(room, identity, trackSid, muted),
  updateParticipant: async (room, identity, changes) =>
    session().directory.updateParticipant(room, identity, changes),
  updateSubscriptions: async (room, identity, trackSids, subscribe) =>
    session().directory.updateSubscriptions(room, identity, trackSids, subscribe),
  moveParticipant: async (room, identity, destination) =>
    session().directory.moveParticipant(room, identity, destination),
  forwardParticipant: async (room, identity, destination) =>
    session().directory.forwardParticipant(room, identity, destination),
  performRpc: async (room, identity, call) => session().directory.performRpc(room, identity, call),
  sendData: async (room, packet) => session().directory.sendData(room, packet),
  updateRoomMetadata: async (room, metadata) => session().directory.updateRoomMetadata(room, metadata),
  openCapture: async (room, send) => session().directory.openCapture(room, send),
})
