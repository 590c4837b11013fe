/** What a participant may do: from token grants to LiveKit's ParticipantPermission, and the questions asked of it. */
import {
  ClientInfo_Capability,
  ParticipantInfo_Kind,
  ParticipantInfo_KindDetail,
  ParticipantPermission,
  TrackSource,
} from '@livekit/protocol'
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
    .map(name => entryOf(SOURCES, name.toLowerCase()))
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
    canManageAgentSession: grants.canManageAgentSession ?? false,
  })
}

/** The other way round, for a refreshed token: `base` with what it allows in the room replaced by `permission`. */
export function grantsOf(permission: ParticipantPermission, base: VideoGrants): VideoGrants {
  const { canPublishSources: _, ...rest } = base
  const names = Object.keys(SOURCES).filter(name =>
    permission.canPublishSources.includes(SOURCES[name] ?? TrackSource.UNKNOWN),
  )
  return {
    ...rest,
    canPublish: permission.canPublish,
    canSubscribe: permission.canSubscribe,
    canPublishData: permission.canPublishData,
    ...(names.length > 0 ? { canPublishSources: names } : {}),
    canUpdateOwnMetadata: permission.canUpdateMetadata,
    canSubscribeMetrics: permission.canSubscribeMetrics,
    canManageAgentSession: permission.canManageAgentSession,
    hidden: permission.hidden,
    recorder: permission.recorder,
    agent: permission.agent,
  }
}

/** An empty list of sources means all of them. */
export const mayPublishSource = (permission: ParticipantPermission, source: TrackSource): boolean =>
  permission.canPublish &&
  (permission.canPublishSources.length === 0 || permission.canPublishSources.includes(source))

/** Names as in the token ('cloud_agent', 'forwarded' ...); unknown ones are left out. */
export const kindDetailsOf = (names: string[]): ParticipantInfo_KindDetail[] =>
  names
    .map(name => entryOf(ParticipantInfo_KindDetail, name.toUpperCase()))
    .filter(detail => detail !== undefined)

export const capabilitiesOf = (names: string[]): ClientInfo_Capability[] =>
  names.map(name => entryOf(ClientInfo_Capability, name)).filter(capability => capability !== undefined)

/** Of an enum by its name. Names come from outside: `toString` and `0`, which every enum object answers to, are none of its names. */
function entryOf<T extends number>(names: Record<string, T | string>, name: string): T | undefined {
  const value = Object.hasOwn(names, name) ? names[name] : undefined
  return typeof value === 'number' ? value : undefined
}

const KINDS: Record<string, ParticipantInfo_Kind> = {
  ingress: ParticipantInfo_Kind.INGRESS,
  egress: ParticipantInfo_Kind.EGRESS,
  sip: ParticipantInfo_Kind.SIP,
  agent: ParticipantInfo_Kind.AGENT,
  connector: ParticipantInfo_Kind.CONNECTOR,
  bridge: ParticipantInfo_Kind.BRIDGE,
}
export const kindOf = (claim: string): ParticipantInfo_Kind =>
  entryOf(KINDS, claim.toLowerCase()) ?? ParticipantInfo_Kind.STANDARD

/** There for the others' sake: a recorder, an egress or an agent. */
export const isServant = (permission: ParticipantPermission, kind: ParticipantInfo_Kind): boolean =>
  permission.recorder ||
  permission.agent ||
  kind === ParticipantInfo_Kind.EGRESS ||
  kind === ParticipantInfo_Kind.AGENT
