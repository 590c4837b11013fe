/**
 * Reading of a client's session description (offer or answer) into the few facts the SFU works with. Everything
 * from outside is distrusted here, so that the writers and mediasoup only ever see checked values.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { DtlsParameters, FingerprintAlgorithm } from 'mediasoup/types'
import { type MediaDescription, parse, type SharedAttributes } from 'sdp-transform'

/**
 * A browser's offer has up to 7 kB and 180 lines a section, an answer some 1.2 kB and 25. More than this is no real client,
 * and reading holds up the whole node: a line costs about 20 µs.
 */
export const SDP_LIMITS = { characters: 400_000, lines: 12_000, sections: 1_000 }

export type SectionKind = 'audio' | 'video' | 'application'
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

export interface RemoteSection {
  /** '' only in a rejected section. */
  mid: string
  kind: SectionKind
  direction: Direction
  /** Port 0 without `a=bundle-only` (RFC 8843 §6): the section is refused or its transceiver was stopped. */
  isRejected: boolean
  /** Id of the MediaStreamTrack the section sends. */
  trackCid: string | undefined
  media: MediaDescription
}

export interface RemoteDescription {
  iceUfrag: string
  /** `role` is the client's own: 'client' when it will open the DTLS handshake, 'auto' when it leaves the choice to us. */
  dtlsParameters: DtlsParameters
  /** Sections in the order of the description, which an answer must keep (RFC 3264 §6). */
  sections: RemoteSection[]
}

const FINGERPRINT_ALGORITHMS = new Set(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'])

/** @throws AppError('bad_sdp') when the text cannot be answered at all. */
export function parseRemoteDescription(sdp: string): RemoteDescription {
  if (typeof sdp !== 'string' || sdp.length === 0) throw badSdp('empty description')
  if (sdp.length > SDP_LIMITS.characters) throw badSdp(`description of ${sdp.length} characters`)
  const lineCount = sdp.split(/\r\n?|\n/, SDP_LIMITS.lines + 1).length
  if (lineCount > SDP_LIMITS.lines) throw badSdp(`description of more than ${SDP_LIMITS.lines} lines`)
  let session: ReturnType<typeof parse>
  try {
    session = parse(sdp)
  } catch (error) {
    throw new AppError('bad_sdp', 'description cannot be read', { cause: error })
  }
  const media = session.media ?? []
  if (media.length === 0) throw badSdp('no media section')
  if (media.length > SDP_LIMITS.sections) throw badSdp(`${media.length} media sections`)

  const texts = sdp.split(/\r?\nm=/).slice(1)
  if (texts.length !== media.length) throw badSdp('sections cannot be told apart')
  const mids = new Set<string>()
  const sections = media.map((section, index) => {
    const parsed = readSection(section, session, texts[index]!)
    if (parsed.mid !== '' && mids.has(parsed.mid)) throw badSdp(`mid ${parsed.mid} used twice`)
    mids.add(parsed.mid)
    return parsed
  })

  // All sections are bundled on one transport, so the first that carries a value speaks for all.
  const carriers: SharedAttributes[] = [
    ...sections.filter(s => !s.isRejected).map(s => s.media),
    ...sections.filter(s => s.isRejected).map(s => s.media),
    session,
  ]
  const iceUfrag = carriers.find(c => c.iceUfrag !== undefined)?.iceUfrag
  if (iceUfrag === undefined || `${iceUfrag}` === '') throw badSdp('no ice-ufrag')
  const fingerprint = carriers.find(c => c.fingerprint !== undefined)?.fingerprint
  if (!fingerprint) throw badSdp('no DTLS fingerprint')
  const algorithm = `${fingerprint.type}`.toLowerCase()
  const value = `${fingerprint.hash}`.toUpperCase()
  if (!FINGERPRINT_ALGORITHMS.has(algorithm) || !/^[0-9A-F]{2}(:[0-9A-F]{2})+$/.test(value))
    throw badSdp('unusable DTLS fingerprint')
  const setup = carriers.find(c => c.setup !== undefined)?.setup
  return {
    iceUfrag: `${iceUfrag}`,
    dtlsParameters: {
      role: setup === 'active' ? 'client' : setup === 'passive' ? 'server' : 'auto',
      fingerprints: [{ algorithm: algorithm as FingerprintAlgorithm, value }],
    },
    sections,
  }
}

function readSection(media: MediaDescription, session: SharedAttributes, text: string): RemoteSection {
  const kind = media.type
  if (kind !== 'audio' && kind !== 'video' && kind !== 'application')
    throw badSdp(`media type ${String(kind).slice(0, 20)}`)
  // sdp-transform turns whatever looks like a number into one, hence the template strings all over this folder.
  const mid = media.mid === undefined ? '' : `${media.mid}`
  const isRejected = media.port === 0 && media.bundleOnly === undefined
  if (!(isRejected && mid === '') && !/^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}$/.test(mid))
    throw badSdp('section without a usable mid')
  return {
    mid,
    kind,
    direction: (media.direction ?? session.direction ?? 'sendrecv') as Direction,
    isRejected,
    trackCid: readTrackCid(text),
    media,
  }
}

/**
 * By `a=msid` (RFC 8830) or, in older clients, by `a=ssrc … msid`. Read from the text, because sdp-transform cuts ids off
 * at characters such as Firefox's braces.
 */
function readTrackCid(text: string): string | undefined {
  return /^a=(?:ssrc:\d+ )?msid:\S+ (\S+)/m.exec(text)?.[1]
}

function badSdp(message: string): AppError {
  return new AppError('bad_sdp', message)
}
