/** Which announced track an offer's section carries. Pure. */
import type { TrackClaim } from '../../room/base/ports.ts'

export interface ClaimMatch {
  claim: TrackClaim
  /** Codec asked for, lower case; '' when the client leaves it to us. */
  codec: string
}

/** Some clients wrap track ids in braces in one place and not in the other. */
const bare = (cid: string) => cid.replace(/^\{|\}$/g, '')

/** The claim that names this track id as its own or as that of one of its codecs (backup codec). */
export function claimNamed(cid: string | undefined, claims: readonly TrackClaim[]): ClaimMatch | undefined {
  if (cid === undefined) return undefined
  const wanted = bare(cid)
  for (const claim of claims) {
    const codec = claim.codecs.find(c => c.cid !== '' && bare(c.cid) === wanted)
    if (codec) return { claim, codec: codec.codec }
  }
  const claim = claims.find(c => bare(c.cid) === wanted)
  return claim && { claim, codec: firstCodec(claim) }
}

/**
 * By name; clients that rename a track before they offer it are served by guessing the first claim of that kind nobody
 * else speaks for.
 */
export function claimForSection(options: {
  cid: string | undefined
  kind: string
  claims: readonly TrackClaim[]
  mayGuess: boolean
  isSpokenFor: (claim: TrackClaim) => boolean
}): ClaimMatch | undefined {
  const named = claimNamed(options.cid, options.claims)
  if (named || !options.mayGuess) return named
  const claim = options.claims.find(c => c.kind === options.kind && !options.isSpokenFor(c))
  return claim && { claim, codec: firstCodec(claim) }
}

function firstCodec(claim: TrackClaim): string {
  return claim.codecs[0]?.codec ?? ''
}

/** Sizes announced for one of the claim's codecs, else those of the track. */
export function layersOf(claim: TrackClaim, codec: string): TrackClaim['layers'] {
  const own = claim.codecs.find(c => c.codec === codec)?.layers ?? []
  return own.length > 0 ? own : claim.layers
}
