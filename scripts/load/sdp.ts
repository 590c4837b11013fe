/** The little SDP that a media client without a browser needs (RFC 8866, RFC 8829). Pure. */

/** What is needed to reach a server. */
export interface RemoteTransport {
  ufrag: string
  password: string
  /** SHA-256, AA:BB:... */
  fingerprint: string
  /** UDP candidates over IPv4, in the order of the description. */
  candidates: { ip: string; port: number }[]
  /** The server's DTLS role. */
  setup: string
  /** It only answers connectivity checks. */
  isLite: boolean
}

export interface OfferedStream {
  mid: string
  kind: 'audio' | 'video'
  trackId: string
  ssrc: number
  transportCcId: number | undefined
}

interface Section {
  kind: string
  mid: string
  isRejected: boolean
  lines: string[]
}

const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

function split(sdp: string): { session: string[]; sections: Section[] } {
  const session: string[] = []
  const sections: Section[] = []
  for (const line of sdp.split(/\r?\n/).filter(Boolean)) {
    const media = /^m=(\w+) (\d+)/.exec(line)
    if (media) sections.push({ kind: media[1]!, mid: '', isRejected: media[2] === '0', lines: [line] })
    else (sections.at(-1)?.lines ?? session).push(line)
  }
  for (const section of sections) section.mid = value(section.lines, 'mid') ?? ''
  return { session, sections }
}

function value(lines: string[], name: string): string | undefined {
  return lines.find(line => line.startsWith(`a=${name}:`))?.slice(name.length + 3)
}

/** @throws Error when the description lacks one of the facts */
export function readTransport(sdp: string): RemoteTransport {
  const lines = sdp.split(/\r?\n/)
  const need = (name: string) => {
    const found = value(lines, name)
    if (!found) throw new Error(`the server's description has no ${name}`)
    return found
  }
  const fingerprint = lines.find(line => /^a=fingerprint:sha-256 /i.test(line))?.split(' ')[1]
  if (!fingerprint) throw new Error("the server's description has no SHA-256 fingerprint")
  const candidates = lines.map(addressOf).filter(address => address !== undefined)
  return {
    ufrag: need('ice-ufrag'),
    password: need('ice-pwd'),
    fingerprint,
    candidates,
    setup: need('setup'),
    isLite: lines.includes('a=ice-lite'),
  }
}

/** Over UDP and IPv4; undefined for all else. */
function addressOf(line: string): { ip: string; port: number } | undefined {
  const match = /^(?:a=)?candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) /i.exec(line)
  return match ? { ip: match[1]!, port: Number(match[2]) } : undefined
}

/** The address in a TrickleRequest's candidateInit; undefined when it is none over UDP and IPv4. */
export function readCandidate(candidateInit: string): { ip: string; port: number } | undefined {
  const { candidate } = JSON.parse(candidateInit) as { candidate?: string }
  return addressOf(candidate ?? '')
}

/** Our own address as a candidate, RFC 8839 section 5.1. */
export const hostCandidate = (ip: string, port: number) =>
  `candidate:1 1 udp 2130706431 ${ip} ${port} typ host`

/** The candidate on our own side of the network: loopback when the server is reached over loopback. */
export function chooseCandidate(
  remote: Pick<RemoteTransport, 'candidates'>,
  serverHost: string,
): { ip: string; port: number } {
  const isLocal = serverHost === 'localhost' || serverHost.startsWith('127.')
  const chosen =
    remote.candidates.find(({ ip }) => ip.startsWith('127.') === isLocal && (isLocal || ip === serverHost)) ??
    remote.candidates.find(({ ip }) => ip.startsWith('127.') === isLocal) ??
    remote.candidates[0]
  if (!chosen) throw new Error('the server offers no UDP candidate over IPv4')
  return chosen
}

const sends = (lines: string[]) => lines.includes('a=sendonly') || lines.includes('a=sendrecv')

/** The streams that a subscriber offer carries; the track is named by the msid, as LiveKit clients read it. */
export function offeredStreams(sdp: string, midToTrackId: Record<string, string> = {}): OfferedStream[] {
  const { sections } = split(sdp)
  return sections.flatMap(({ kind, mid, isRejected, lines }) => {
    if (isRejected || (kind !== 'audio' && kind !== 'video') || !sends(lines)) return []
    const msid = value(lines, 'msid') ?? ''
    const trackId = [msid.split(' ')[0]?.split('|')[1], msid.split(' ')[1], midToTrackId[mid]].find(id =>
      id?.startsWith('TR'),
    )
    const ssrc = Number(/^\d+/.exec(value(lines, 'ssrc') ?? '')?.[0])
    if (!trackId || !ssrc) return []
    const extension = lines.find(line => line.startsWith('a=extmap:') && line.endsWith(` ${TRANSPORT_CC}`))
    const transportCcId = extension ? Number(/^a=extmap:(\d+)/.exec(extension)?.[1]) : undefined
    return [{ mid, kind, trackId, ssrc, transportCcId }]
  })
}

export interface LocalTransport {
  ufrag: string
  password: string
  fingerprint: string
}

const sessionLines = (version: number, mids: string[]) => [
  'v=0',
  `o=- 4611730000000000000 ${version} IN IP4 127.0.0.1`,
  's=-',
  't=0 0',
  `a=group:BUNDLE ${mids.join(' ')}`,
  'a=msid-semantic: WMS *',
]

const transportLines = (local: LocalTransport, setup: string) => [
  `a=ice-ufrag:${local.ufrag}`,
  `a=ice-pwd:${local.password}`,
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${local.fingerprint}`,
  `a=setup:${setup}`,
]

/** Accepts everything that a subscriber offer holds, as its receiver and DTLS client. */
export function answerSubscriberOffer(sdp: string, local: LocalTransport): string {
  const { sections } = split(sdp)
  const dropped =
    /^a=(candidate|end-of-candidates|ice-|fingerprint|setup|ssrc|msid|sendonly|inactive|recvonly|sendrecv)/
  const live = sections.filter(section => !section.isRejected)
  const lines = sessionLines(
    2,
    live.map(section => section.mid),
  )
  for (const section of sections) {
    const isMedia = section.kind !== 'application'
    const direction = sends(section.lines) ? 'a=recvonly' : 'a=inactive'
    const [media, ...rest] = section.lines
    lines.push(section.isRejected ? media! : media!.replace(/^(m=\w+) \d+/, '$1 9'))
    lines.push(...rest.filter(line => !dropped.test(line)))
    if (!section.isRejected) lines.push(...transportLines(local, 'active'), ...(isMedia ? [direction] : []))
  }
  return `${lines.join('\r\n')}\r\n`
}

export interface LocalStream {
  mid: string
  kind: 'audio' | 'video'
  /** The id of the track, as announced in AddTrackRequest. */
  cid: string
  /** Of its first layer; the others follow. */
  ssrc: number
  /** Names of the layers of a picture in several, lowest first. */
  rids?: string[]
}

/** Payload types and extension ids of our own offer. */
export const OFFERED = { opus: 111, vp8: 96, audioLevelId: 1, feedbackId: 3, midId: 4, ridId: 10 }

/** Layers by their names (RFC 8853), as browsers offer them; one alone by its SSRC. */
const layerLines = ({ ssrc, cid, rids }: LocalStream) =>
  rids
    ? [
        `a=extmap:${OFFERED.ridId} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`,
        ...rids.map(rid => `a=rid:${rid} send`),
        `a=simulcast:send ${rids.join(';')}`,
      ]
    : [`a=ssrc:${ssrc} cname:load`, `a=ssrc:${ssrc} msid:- ${cid}`]

/** A publisher's offer of opus and VP8. */
export function publisherOffer(streams: LocalStream[], local: LocalTransport): string {
  const lines = sessionLines(
    1,
    streams.map(stream => stream.mid),
  )
  lines.push('a=extmap-allow-mixed')
  for (const stream of streams) {
    const { mid, kind, cid } = stream
    const pt = kind === 'audio' ? OFFERED.opus : OFFERED.vp8
    lines.push(
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${pt}`,
      'c=IN IP4 0.0.0.0',
      'a=rtcp:9 IN IP4 0.0.0.0',
      ...transportLines(local, 'actpass'),
      `a=mid:${mid}`,
      `a=extmap:${OFFERED.midId} urn:ietf:params:rtp-hdrext:sdes:mid`,
      `a=extmap:${OFFERED.feedbackId} ${TRANSPORT_CC}`,
      ...(kind === 'audio'
        ? [`a=extmap:${OFFERED.audioLevelId} urn:ietf:params:rtp-hdrext:ssrc-audio-level`]
        : []),
      'a=sendonly',
      `a=msid:- ${cid}`,
      'a=rtcp-mux',
      'a=rtcp-rsize',
      ...(kind === 'audio'
        ? [`a=rtpmap:${pt} opus/48000/2`, `a=fmtp:${pt} minptime=10;useinbandfec=1`]
        : [
            `a=rtpmap:${pt} VP8/90000`,
            `a=rtcp-fb:${pt} ccm fir`,
            `a=rtcp-fb:${pt} nack`,
            `a=rtcp-fb:${pt} nack pli`,
          ]),
      `a=rtcp-fb:${pt} transport-cc`,
      ...layerLines(stream),
    )
  }
  return `${lines.join('\r\n')}\r\n`
}
