import type { SubscriptionPermission } from '@livekit/protocol'

interface Allowed {
  allTracks: boolean
  trackSids: Set<string>
}

/** One entry as it travels between nodes. */
export interface AllowedRecord {
  by: 'sid' | 'identity'
  who: string
  allTracks: boolean
  trackSids: string[]
}

/**
 * A publisher's word on who may have which of its tracks (SubscriptionPermission with allParticipants false). Looked up for
 * every subscriber and track, so it is kept by participant and not as the list that came.
 */
export class TrackPermissions {
  readonly #bySid = new Map<string, Allowed>()
  readonly #byIdentity = new Map<string, Allowed>()

  constructor(records: readonly AllowedRecord[]) {
    for (const { by, who, allTracks, trackSids } of records)
      add(by === 'sid' ? this.#bySid : this.#byIdentity, who, allTracks, trackSids)
  }

  /** `identityOf`: of a sid that is here. Who is allowed by sid is still meant when it has come back with another. */
  static from(
    { trackPermissions }: Pick<SubscriptionPermission, 'trackPermissions'>,
    identityOf: (sid: string) => string | undefined,
  ): TrackPermissions {
    return new TrackPermissions(
      trackPermissions.map(({ participantSid, participantIdentity, allTracks, trackSids }) => {
        const identity = participantIdentity || identityOf(participantSid)
        return { by: identity ? 'identity' : 'sid', who: identity || participantSid, allTracks, trackSids }
      }),
    )
  }

  allows(subscriber: { id: string; identity: string }, trackSid: string): boolean {
    return [this.#bySid.get(subscriber.id), this.#byIdentity.get(subscriber.identity)].some(
      allowed => allowed !== undefined && (allowed.allTracks || allowed.trackSids.has(trackSid)),
    )
  }

  /** The same word as plain data. */
  records(): AllowedRecord[] {
    const of = (by: AllowedRecord['by'], map: Map<string, Allowed>) =>
      [...map].map(([who, { allTracks, trackSids }]) => ({ by, who, allTracks, trackSids: [...trackSids] }))
    return [...of('sid', this.#bySid), ...of('identity', this.#byIdentity)]
  }
}

function add(map: Map<string, Allowed>, key: string, allTracks: boolean, trackSids: readonly string[]): void {
  const allowed = map.get(key) ?? { allTracks: false, trackSids: new Set() }
  allowed.allTracks ||= allTracks
  for (const sid of trackSids) allowed.trackSids.add(sid)
  map.set(key, allowed)
}
