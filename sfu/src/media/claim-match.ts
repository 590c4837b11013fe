/** Which announced track an offer's section carries. Pure. */
import type { TrackClaim } from '../room/ports.ts'

export interface ClaimMatch {
  claim: TrackClaim
  /** Codec asked for, lower case; '' when the client leaves it to us. */
  codec: string
}

/** Some clients wrap track ids in braces in one place and not in the other. */
const bare = (cid: string) => cid.replace(/^\{|\}$/g, '')

/**
 * By the track's id, which may be the claim's own or that of one of its codecs (backup codec). Clients that rename a
 * track before they offer it are served by guessing the first claim of that kind nobody else speaks for.
 */
export function claimForSection(options: {
  cid: string | undefined
  kind: string
  claims: readonly TrackClaim[]
  mayGuess: boolean
  isSpokenFor: (claim: TrackClaim) => boolean
}): ClaimMatch | undefined {
  const { kind, claims } = options
  const cid = options.cid === undefined ? undefined : bare(options.cid)
  if (cid !== undefined) {
    for (const claim of claims) {
      const codec = claim.codecs.find(c => c.cid !== '' && bare(c.cid) === cid)
      if (codec) return { claim, codec: codec.codec }
    }
    const claim = claims.find(c => bare(c.cid) === cid)
    if (claim) return { claim, codec: firstCodec(claim) }
  }
  if (!options.mayGuess) return undefined
  const claim = claims.find(c => c.kind === kind && !options.isSpokenFor(c))
  return claim && { claim, codec: firstCodec(claim) }
}

function firstCodec(claim: TrackClaim): string {
  return claim.codecs[0]?.codec ?? ''
}
