/** Writes the answer to a publisher's offer (RFC 8829 §5.3). Pure. */
import type { RtpCodecParameters, RtpParameters } from 'mediasoup/types'
import type { MediaDescription } from 'sdp-transform'
import { codecLines, type LocalTransport, sessionLines, transportLines } from './local-transport.ts'
import { codecParameters, readExtensions, usableCodecs } from './offered-codecs.ts'
import type { RemoteDescription, RemoteSection } from './remote-description.ts'

/**
 * libwebrtc starts at 300 kbit/s, where the upper simulcast layers stay off for many seconds; this hint of its own (not
 * in any standard, ignored by others) starts it higher. Congestion control corrects it within a second.
 */
const START_BITRATE_KBPS = 1_000

/** A section we receive, with what its producer was made from. */
export interface AcceptedSection {
  rtpParameters: RtpParameters
  disableDtx: boolean
  stereo: boolean
}

/**
 * Sections without an entry in `accepted` are answered inactive, so that the client is never left waiting. Those in `ended`
 * are rejected: the client then takes their lines for its next tracks (RFC 8829 §5.2.2) instead of adding ever more.
 */
export function writePublisherAnswer(options: {
  offer: RemoteDescription
  local: LocalTransport
  accepted: ReadonlyMap<string, AcceptedSection>
  ended?: ReadonlySet<string>
  sessionId: string
  version: number
}): string {
  const { local, accepted, ended } = options
  const tag = options.offer.sections.find(s => !s.isRejected)?.mid
  // The section the bundle is tagged with must live on for the others (RFC 8843 §7.3.3).
  const sections = options.offer.sections.map(section =>
    ended?.has(section.mid) && section.mid !== tag ? { ...section, isRejected: true } : section,
  )
  // We are passive unless the client insists on being it itself.
  const setup = options.offer.dtlsParameters.role === 'server' ? 'active' : 'passive'
  const bundle = sections.filter(s => !s.isRejected).map(s => s.mid)
  const lines = sessionLines(options.sessionId, options.version, bundle)
  for (const section of sections) {
    const transport = section.isRejected ? [] : transportLines(local, setup, section.mid === bundle[0])
    if (section.kind === 'application') lines.push(...dataSection(section, local, transport))
    else {
      const entry = section.isRejected ? undefined : accepted.get(section.mid)
      lines.push(
        ...(entry ? receivingSection(section, entry, transport) : inactiveSection(section, transport)),
      )
    }
  }
  return `${lines.join('\r\n')}\r\n`
}

function dataSection(section: RemoteSection, local: LocalTransport, transport: string[]): string[] {
  return [
    `m=application ${section.isRejected ? 0 : 7} ${section.media.protocol || 'UDP/DTLS/SCTP'} webrtc-datachannel`,
    'c=IN IP4 0.0.0.0',
    ...(section.mid === '' ? [] : [`a=mid:${section.mid}`]),
    ...(section.isRejected ? ['a=inactive'] : []),
    ...transport,
    `a=sctp-port:${local.sctpPort}`,
    `a=max-message-size:${local.maxMessageSize}`,
  ]
}

function receivingSection(section: RemoteSection, entry: AcceptedSection, transport: string[]): string[] {
  const { rtpParameters } = entry
  const taken = rtpParameters.codecs[0]?.mimeType ?? ''
  const others = carriedCodecs(section).filter(([codec]) => codec?.mimeType !== taken)
  const codecs = [...rtpParameters.codecs, ...others.flat()].map(codec => {
    if (codec.mimeType === 'audio/opus')
      return { ...codec, parameters: opusParameters(codec.parameters, entry) }
    if (codec.mimeType === 'video/rtx') return codec
    return { ...codec, parameters: { ...codec.parameters, 'x-google-start-bitrate': START_BITRATE_KBPS } }
  })
  const lines = [
    `m=${section.kind} 7 ${section.media.protocol || 'UDP/TLS/RTP/SAVPF'} ${codecs.map(c => c.payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${section.mid}`,
    'a=recvonly',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    ...codecLines(codecs),
    ...(rtpParameters.headerExtensions ?? []).map(ext => `a=extmap:${ext.id} ${ext.uri}`),
  ]
  const rids = (rtpParameters.encodings ?? []).map(e => e.rid).filter(rid => rid !== undefined)
  if (rids.length > 0) {
    lines.push(...rids.map(rid => `a=rid:${rid} recv`))
    lines.push(`a=simulcast:recv ${rids.join(';')}`)
  }
  return lines
}

/** In an answer these say what the publisher's encoder shall do (RFC 7587 §6.1). */
function opusParameters(
  offered: Record<string, unknown> | undefined,
  entry: AcceptedSection,
): Record<string, unknown> {
  const { 'sprop-stereo': _s, stereo: _t, usedtx: _u, ...rest } = offered ?? {}
  return {
    ...rest,
    useinbandfec: 1,
    ...(entry.disableDtx ? {} : { usedtx: 1 }),
    ...(entry.stereo ? { stereo: 1 } : {}),
  }
}

/**
 * What could be taken in a section, each codec with its retransmission. A client sends the first codec of an answer; the others are listed
 * for those (pion) that offer in later sections only what the first answer listed, and could not publish a second codec otherwise.
 */
function carriedCodecs({ media, kind }: RemoteSection): RtpCodecParameters[][] {
  if (kind === 'application') return []
  return usableCodecs(media, kind, '').map(codec => codecParameters(media, kind, codec))
}

/**
 * An inactive section keeps what it could be used for later: clients drop codecs and extensions that an answer leaves out, Chrome
 * for the section, pion for the connection. A rejected section is never used again and names one codec only, as does one without any we know.
 */
function inactiveSection(section: RemoteSection, transport: string[]): string[] {
  const { media } = section
  const kind = section.kind === 'audio' ? 'audio' : 'video'
  const codecs = section.isRejected ? [] : carriedCodecs(section).flat()
  const types = codecs.length > 0 ? codecs.map(({ payloadType }) => payloadType) : [firstPayload(media)]
  const lines = [
    `m=${section.kind} ${section.isRejected ? 0 : 7} ${media.protocol || 'UDP/TLS/RTP/SAVPF'} ${types.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    ...(section.mid === '' ? [] : [`a=mid:${section.mid}`]),
    'a=inactive',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    ...(codecs.length > 0 ? codecLines(codecs) : firstCodecLines(media)),
  ]
  if (!section.isRejected)
    lines.push(...readExtensions(media, kind).map(ext => `a=extmap:${ext.id} ${ext.uri}`))
  return lines
}

const firstPayload = (media: MediaDescription): string | number =>
  media.rtp?.[0]?.payload ?? (`${media.payloads ?? ''}`.split(' ')[0] || '0')

function firstCodecLines(media: MediaDescription): string[] {
  const first = media.rtp?.[0]
  if (!first) return []
  const channels = first.encoding && Number(first.encoding) > 1 ? `/${first.encoding}` : ''
  const fmtp = media.fmtp?.find(f => f.payload === first.payload)?.config
  return [
    `a=rtpmap:${first.payload} ${first.codec}/${first.rate}${channels}`,
    ...(fmtp ? [`a=fmtp:${first.payload} ${fmtp}`] : []),
  ]
}
