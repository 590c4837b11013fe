/** Messages that describe a room: Room itself, the replies to joining and resuming. */
import {
  Codec,
  JoinResponse,
  ReconnectResponse,
  Room as RoomMessage,
  ServerInfo,
  ServerInfo_Edition,
} from '@livekit/protocol'
import { iceServersFor, type TurnSettings } from '../base/ice-servers.ts'
import type { RoomLimits } from '../base/limits.ts'
import { encodeJoin, encodeSignal } from '../base/wire.ts'
import type { Participant } from '../member/participant.ts'
import { isCounted, type Member, type RoomView } from '../member/room-view.ts'

/** The LiveKit server whose signalling this follows; clients refuse a reply without a version. */
const SPOKEN_VERSION = '1.9.0'
const SPOKEN_PROTOCOL = 16

/** What clients may publish. A list that is not empty also lets them send offer and AddTrackRequest in parallel. */
const PUBLISH_CODECS = ['audio/opus', 'video/VP8', 'video/H264', 'video/VP9', 'video/AV1']

export const enabledCodecs = (): Codec[] => PUBLISH_CODECS.map(mime => new Codec({ mime }))

export function roomMessageOf(room: RoomView): RoomMessage {
  // As in LiveKit, recorders, egress and agents are not counted. Second connections are not counted either.
  const visible = room.visible().filter(isCounted)
  return new RoomMessage({
    sid: room.id,
    name: room.name,
    emptyTimeout: room.options.emptyTimeoutS,
    departureTimeout: room.options.departureTimeoutS,
    maxParticipants: room.options.maxParticipants,
    creationTime: BigInt(Math.floor(room.createdAtMs / 1000)),
    creationTimeMs: BigInt(room.createdAtMs),
    enabledCodecs: enabledCodecs(),
    metadata: room.options.metadata,
    numParticipants: visible.length,
    numPublishers: visible.filter(participant => participant.publications.published().length > 0).length,
    activeRecording: room.captures.isRecording || room.members().some(member => member.permission.recorder),
  })
}

const serverInfo = (nodeId: string): ServerInfo =>
  new ServerInfo({
    edition: ServerInfo_Edition.Standard,
    version: SPOKEN_VERSION,
    protocol: SPOKEN_PROTOCOL,
    nodeId,
  })

/** What the replies need of the room's surroundings. */
export interface ReplyDeps {
  limits: RoomLimits
  nodeId: string
  /** Undefined: no TURN server. */
  turn: TurnSettings | undefined
  now(): number
}

/** The first message of a connection (livekit_rtc.proto, JoinResponse), put together from the infos of `others` as they are kept. */
export function encodeJoinReply(
  room: RoomView,
  participant: Participant,
  others: Member[],
  { limits, nodeId, turn, now }: ReplyDeps,
): Uint8Array {
  return encodeJoin(
    new JoinResponse({
      room: room.message(),
      serverVersion: SPOKEN_VERSION,
      serverInfo: serverInfo(nodeId),
      // ICE-lite with fixed ports: no client needs STUN, and TURN only where it cannot reach those ports.
      iceServers: iceServersFor(turn, participant.id, now()),
      subscriberPrimary: true,
      pingInterval: limits.pingIntervalS,
      pingTimeout: limits.pingTimeoutS,
      enabledPublishCodecs: enabledCodecs(),
      // The client connects its publisher side at once; one that may only send data does so when it has some.
      fastPublish: participant.permission.canPublish,
    }),
    participant.encodedInfo(),
    others.map(other => other.encodedInfo()),
  )
}

/** The first message of a resumed connection; clients drop whatever comes before it. */
export const encodeReconnectReply = (
  participant: Participant,
  { nodeId, turn, now }: Omit<ReplyDeps, 'limits'>,
): Uint8Array =>
  encodeSignal({
    case: 'reconnect',
    value: new ReconnectResponse({
      // Fresh credentials: those of the join may have expired.
      iceServers: iceServersFor(turn, participant.id, now()),
      serverInfo: serverInfo(nodeId),
      lastMessageSeq: participant.lastReliableSequence,
    }),
  })
