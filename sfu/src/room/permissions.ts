/** What a participant may do: from token grants to LiveKit's ParticipantPermission, and the questions asked of it. */
import { ParticipantInfo_Kind, ParticipantPermission, TrackSource } from '@livekit/protocol'
import type { VideoGrants } from './claims.ts'

const SOURCES: Record<string, TrackSource> = {
  camera: TrackSource.CAMERA,
  microphone: TrackSource.MICROPHONE,
  screen_share: TrackSource.SCREEN_SHARE,
  screen_share_audio: TrackSource.SCREEN_SHARE_AUDIO,
}

/**
 * LiveKit's defaults: publishing and subscribing are allowed unless refused, data follows publishing, the rest is off.
 * A source that is not known grants nothing; a list of only such names therefore allows no source at all.
 */
export function permissionOf(grants: VideoGrants): ParticipantPermission {
  const canPublish = grants.canPublish ?? true
  const named = grants.canPublishSources ?? []
  const canPublishSources = named
    .map(name => SOURCES[name.toLowerCase()])
    .filter(source => source !== undefined)
  return new ParticipantPermission({
    canSubscribe: grants.canSubscribe ?? true,
    canPublish: canPublish && (named.length === 0 || canPublishSources.length > 0),
    canPublishData: grants.canPublishData ?? canPublish,
    canPublishSources,
    canUpdateMetadata: grants.canUpdateOwnMetadata ?? false,
    hidden: grants.hidden ?? false,
    recorder: grants.recorder ?? false,
    agent: grants.agent ?? false,
    canSubscribeMetrics: grants.canSubscribeMetrics ?? false,
  })
}

/** An empty list of sources means all of them. */
export const mayPublishSource = (permission: ParticipantPermission, source: TrackSource): boolean =>
  permission.canPublish &&
  (permission.canPublishSources.length === 0 || permission.canPublishSources.includes(source))

const KINDS: Record<string, ParticipantInfo_Kind> = {
  ingress: ParticipantInfo_Kind.INGRESS,
  egress: ParticipantInfo_Kind.EGRESS,
  sip: ParticipantInfo_Kind.SIP,
  agent: ParticipantInfo_Kind.AGENT,
}
export const kindOf = (claim: string): ParticipantInfo_Kind =>
  KINDS[claim.toLowerCase()] ?? ParticipantInfo_Kind.STANDARD
