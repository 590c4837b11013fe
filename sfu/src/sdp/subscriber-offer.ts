/** Writes the SFU's offer on the subscriber connection (RFC 8829 §5.2). Pure. */
import type { RtpParameters } from 'mediasoup/types'
import { codecLines, type LocalTransport, sessionLines, transportLines } from './local-transport.ts'
import { DEPENDENCY_DESCRIPTOR } from './router-codecs.ts'

export type OfferedSection =
  | { state: 'data'; mid: string }
  | {
      state: 'active'
      mid: string
      kind: 'audio' | 'video'
      rtpParameters: RtpParameters
      participantId: string
      trackId: string
      /** Second part of the stream's id: tracks that share it are played in step by the client. */
      stream: string
    }
  /** Its track is gone, or comes later, or the client refused it: port 0, until a section with a new mid takes its line. */
  | { state: 'rejected'; mid: string; kind: 'audio' | 'video'; rtpParameters: RtpParameters }

/** Payload types and extension ids are mediasoup's own: as the offerer the SFU chooses them. */
export function writeSubscriberOffer(options: {
  local: LocalTransport
  sections: OfferedSection[]
  sessionId: string
  version: number
}): string {
  const { local, sections } = options
  const bundle = sections.filter(s => s.state !== 'rejected').map(s => s.mid)
  const lines = sessionLines(options.sessionId, options.version, bundle)
  for (const section of sections) {
    const transport =
      section.state === 'rejected' ? [] : transportLines(local, 'actpass', section.mid === bundle[0])
    if (section.state === 'data') {
      lines.push(
        'm=application 7 UDP/DTLS/SCTP webrtc-datachannel',
        'c=IN IP4 0.0.0.0',
        `a=mid:${section.mid}`,
        ...transport,
        `a=sctp-port:${local.sctpPort}`,
        `a=max-message-size:${local.maxMessageSize}`,
      )
    } else {
      lines.push(...mediaSection(section, transport))
    }
  }
  return `${lines.join('\r\n')}\r\n`
}

function mediaSection(section: Exclude<OfferedSection, { state: 'data' }>, transport: string[]): string[] {
  const { rtpParameters, kind, mid } = section
  const { codecs } = rtpParameters
  const lines = [
    `m=${kind} ${section.state === 'rejected' ? 0 : 7} UDP/TLS/RTP/SAVPF ${codecs.map(c => c.payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    section.state === 'active' ? 'a=sendonly' : 'a=inactive',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...transport,
    ...codecLines(codecs),
  ]
  if (section.state !== 'active') return lines
  for (const ext of rtpParameters.headerExtensions ?? []) lines.push(`a=extmap:${ext.id} ${ext.uri}`)
  // Without the dependency descriptor a browser cannot decode AV1 SVC; mediasoup forwards it unannounced.
  if (codecs[0]?.mimeType.toLowerCase() === 'video/av1')
    lines.push(`a=extmap:${DEPENDENCY_DESCRIPTOR.id} ${DEPENDENCY_DESCRIPTOR.uri}`)
  // The client reads participant and track out of the two ids; which stream a track is in decides what it is played in
  // step with. See docs/decisions/0009-streams-and-sections.md.
  lines.push(`a=msid:${section.participantId}|${section.stream} ${section.trackId}`)
  const encoding = rtpParameters.encodings?.[0]
  const ssrc = encoding?.ssrc
  const repair = encoding?.rtx?.ssrc
  const cname = rtpParameters.rtcp?.cname || section.participantId
  if (ssrc !== undefined) {
    if (repair !== undefined) lines.push(`a=ssrc-group:FID ${ssrc} ${repair}`)
    lines.push(`a=ssrc:${ssrc} cname:${cname}`)
    if (repair !== undefined) lines.push(`a=ssrc:${repair} cname:${cname}`)
  }
  return lines
}
