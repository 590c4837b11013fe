/** What a participant is to others, written down: its ParticipantInfo, and the contents of a token for it. */
import {
  type DataTrackInfo,
  type DisconnectReason,
  ParticipantInfo,
  type ParticipantPermission,
  type TrackInfo,
} from '@livekit/protocol'
import type { JoinQuery, TokenContents, VerifiedClaims } from './claims.ts'
import { capabilitiesOf, grantsOf, kindDetailsOf } from './permissions.ts'

/** The part of a Participant that is told. */
interface Described {
  readonly id: string
  readonly identity: string
  readonly state: ParticipantInfo['state']
  readonly kind: ParticipantInfo['kind']
  readonly joinedAtMs: number
  readonly query: JoinQuery
  readonly name: string
  readonly metadata: string
  readonly attributes: Record<string, string>
  readonly permission: ParticipantPermission
  readonly publications: { published(): { info: TrackInfo }[] }
  readonly dataTracks: DataTrackInfo[]
}

/** `disconnectReason` is undefined while the participant is here. */
export function infoOf(
  participant: Described,
  claims: VerifiedClaims,
  version: number,
  disconnectReason: DisconnectReason | undefined,
): ParticipantInfo {
  const { query, dataTracks } = participant
  const published = participant.publications.published()
  return new ParticipantInfo({
    sid: participant.id,
    identity: participant.identity,
    state: participant.state,
    tracks: published.map(publication => publication.info),
    metadata: participant.metadata,
    joinedAt: BigInt(Math.floor(participant.joinedAtMs / 1000)),
    joinedAtMs: BigInt(participant.joinedAtMs),
    name: participant.name,
    version,
    permission: participant.permission,
    isPublisher: published.length > 0 || dataTracks.length > 0,
    dataTracks,
    kind: participant.kind,
    kindDetails: kindDetailsOf(claims.kindDetails),
    clientProtocol: query.clientProtocol,
    capabilities: capabilitiesOf(query.capabilities),
    attributes: participant.attributes,
    ...(disconnectReason === undefined ? {} : { disconnectReason }),
  })
}

/** The claims the participant joined with, as they are now. */
export function tokenContentsOf(participant: Described, claims: VerifiedClaims): TokenContents {
  const { identity, name, metadata, attributes, permission } = participant
  const { kind, kindDetails, roomConfig } = claims
  const video = grantsOf(permission, claims.video)
  return {
    identity,
    name,
    metadata,
    attributes,
    kind,
    kindDetails,
    video,
    ...(roomConfig ? { roomConfig } : {}),
  }
}
