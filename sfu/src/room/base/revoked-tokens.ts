import type { VerifiedClaims } from './claims.ts'

/** Longer than a token for a meeting is good for. */
const KEPT_MS = 24 * 3_600_000
/** More than anybody removes in that time; the oldest go first. */
const KEPT_ENTRIES = 50_000

/**
 * The tokens that RemoveParticipant took back (`revokeTokenTs`), by room and identity. They are kept when the room ends: it may be opened
 * anew by one of them. A restart of the node forgets them.
 */
export class RevokedTokens {
  readonly #now: () => number
  /** By room and identity, oldest first. */
  readonly #entries = new Map<string, { beforeS: number; atMs: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Tokens of this identity from before `beforeS` (seconds since the epoch) are refused in this room from now on. */
  add(room: string, identity: string, beforeS: number): void {
    const key = keyOf(room, identity)
    const earlier = this.#entries.get(key)?.beforeS ?? 0
    this.#entries.delete(key)
    this.#entries.set(key, { beforeS: Math.max(beforeS, earlier), atMs: this.#now() })
    for (const [oldest, { atMs }] of this.#entries) {
      if (this.#entries.size <= KEPT_ENTRIES && this.#now() - atMs <= KEPT_MS) break
      this.#entries.delete(oldest)
    }
  }

  /** All that is remembered. */
  list(): { room: string; identity: string; beforeS: number }[] {
    return [...this.#entries].map(([key, { beforeS }]) => {
      const [room, identity] = JSON.parse(key) as [string, string]
      return { room, identity, beforeS }
    })
  }

  /** A second connection goes with its owner. */
  has({
    identity,
    owner,
    notBeforeS,
    video,
  }: Pick<VerifiedClaims, 'identity' | 'owner' | 'notBeforeS' | 'video'>): boolean {
    const room = video.room ?? ''
    return [identity, owner ?? identity].some(
      who => notBeforeS < (this.#entries.get(keyOf(room, who))?.beforeS ?? 0),
    )
  }
}

/** JSON, because names of rooms and identities may hold any character. */
const keyOf = (room: string, identity: string): string => JSON.stringify([room, identity])
