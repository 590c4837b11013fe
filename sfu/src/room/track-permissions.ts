import type { SubscriptionPermission } from '@livekit/protocol'

interface Allowed {
  allTracks: boolean
  trackSids: Set<string>
}

/**
 * A publisher's word on who may have which of its tracks (SubscriptionPermission with allParticipants false). Looked up for
 * every subscriber and track, so it is kept by participant and not as the list that came.
 */
export class TrackPermissions {
  readonly #bySid = new Map<string, Allowed>()
  readonly #byIdentity = new Map<string, Allowed>()

  /** `identityOf`: of a sid that is here. Who is allowed by sid is still meant when it has come back with another. */
  constructor(
    { trackPermissions }: Pick<SubscriptionPermission, 'trackPermissions'>,
    identityOf: (sid: string) => string | undefined,
  ) {
    for (const { participantSid, participantIdentity, allTracks, trackSids } of trackPermissions) {
      const identity = participantIdentity || identityOf(participantSid)
      if (identity) add(this.#byIdentity, identity, allTracks, trackSids)
      else add(this.#bySid, participantSid, allTracks, trackSids)
    }
  }

  allows(subscriber: { id: string; identity: string }, trackSid: string): boolean {
    return [this.#bySid.get(subscriber.id), this.#byIdentity.get(subscriber.identity)].some(
      allowed => allowed !== undefined && (allowed.allTracks || allowed.trackSids.has(trackSid)),
    )
  }
}

function add(map: Map<string, Allowed>, key: string, allTracks: boolean, trackSids: string[]): void {
  const allowed = map.get(key) ?? { allTracks: false, trackSids: new Set() }
  allowed.allTracks ||= allTracks
  for (const sid of trackSids) allowed.trackSids.add(sid)
  map.set(key, allowed)
}
