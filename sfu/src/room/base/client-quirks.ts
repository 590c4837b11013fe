/** What stock clients do otherwise than the rest, known from what they say of themselves (ClientInfo). Pure. */
import type { JoinQuery } from './claims.ts'

type ClientFacts = Pick<JoinQuery, 'sdk' | 'version' | 'browser' | 'browserVersion'>

/** The first livekit-client that looks into `SessionDescription.mid_to_track_id`. */
const READS_MIDS: Version = [2, 15, 11]
/** The first Chrome of which livekit-client's authors say that it may give received tracks ids of its own. */
const CHROME_OWN_IDS: Version = [154]

/**
 * True when the client finds out which track a section carries though the stream's id does not say so, so that sound and
 * picture of one source can share a stream and be played in step (decision 0009): from the id of the received track, which
 * Firefox and newer Chromes make up, or from `mid_to_track_id`. Who says nothing of itself is taken for able.
 */
export function canShareStreams({ sdk, version, browser, browserVersion }: ClientFacts): boolean {
  if (sdk.toLowerCase() === 'js' && isAtLeast(version, READS_MIDS)) return true
  const name = browser.toLowerCase()
  return name !== 'firefox' && !(name === 'chrome' && isAtLeast(browserVersion, CHROME_OWN_IDS))
}

/**
 * True for clients on pion (the Go SDK; Egress and SIP are built on it): they report a track as subscribed when its first packet
 * comes, and not when it is negotiated.
 */
export const hearsTracksByMedia = ({ sdk }: Pick<ClientFacts, 'sdk'>): boolean => sdk.toLowerCase() === 'go'

/**
 * Browser and version of a `User-Agent`, for SDKs that leave both out, as livekit-client does: `Firefox`, `Chrome` (and
 * what is built on it) or `Safari` (every browser on iOS is one). Undefined for anything else.
 */
export function browserOf(userAgent: string): Pick<JoinQuery, 'browser' | 'browserVersion'> | undefined {
  const kinds = [
    ['Firefox', /Firefox\/(\d+[\d.]*)/],
    ['Chrome', /Chrom(?:e|ium)\/(\d+[\d.]*)/],
    ['Safari', /Version\/(\d+[\d.]*).* Safari\//],
  ] as const
  for (const [browser, pattern] of kinds) {
    const browserVersion = pattern.exec(userAgent)?.[1]
    if (browserVersion !== undefined) return { browser, browserVersion }
  }
  return undefined
}

type Version = readonly number[]

/** False when `text` does not begin with a number. */
function isAtLeast(text: string, least: Version): boolean {
  const numbers = text.split('.').map(part => Number.parseInt(part, 10))
  for (const [index, wanted] of least.entries()) {
    const number = numbers[index] ?? 0
    if (number !== wanted) return number > wanted
  }
  return true
}
