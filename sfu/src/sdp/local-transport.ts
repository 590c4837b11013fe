import type { DtlsFingerprint, IceCandidate, IceParameters } from 'mediasoup/types'

/** What the SFU says of one of its own transports. ICE-lite: host candidates only, known from the start. */
export interface LocalTransport {
  iceParameters: IceParameters
  iceCandidates: IceCandidate[]
  fingerprints: DtlsFingerprint[]
  sctpPort: number
  /** Largest data channel message we take, bytes. */
  maxMessageSize: number
}

/** Session part of a description; `bundle` lists the mids on the one transport, the first carries its candidates. */
export function sessionLines(sessionId: string, version: number, bundle: string[]): string[] {
  return [
    'v=0',
    `o=- ${sessionId} ${version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS *',
    ...(bundle.length > 0 ? [`a=group:BUNDLE ${bundle.join(' ')}`] : []),
  ]
}

/** ICE and DTLS of a section. Only the first bundled section needs the candidates (RFC 8843 §10). */
export function transportLines(local: LocalTransport, setup: string, withCandidates: boolean): string[] {
  const fingerprint = local.fingerprints.find(f => f.algorithm === 'sha-256') ?? local.fingerprints[0]!
  const lines = [
    `a=ice-ufrag:${local.iceParameters.usernameFragment}`,
    `a=ice-pwd:${local.iceParameters.password}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    `a=setup:${setup}`,
  ]
  if (withCandidates) {
    for (const c of local.iceCandidates) {
      const tcp = c.protocol === 'tcp' ? ' tcptype passive' : ''
      lines.push(
        `a=candidate:${c.foundation} 1 ${c.protocol} ${c.priority} ${c.address} ${c.port} typ host${tcp}`,
      )
    }
    lines.push('a=end-of-candidates')
  }
  return lines
}

/** Codec lines of a section: rtpmap, rtcp-fb and fmtp in the order of the m= line. */
export function codecLines(
  codecs: {
    mimeType: string
    payloadType: number
    clockRate: number
    channels?: number
    parameters?: Record<string, unknown>
    rtcpFeedback?: { type: string; parameter?: string }[]
  }[],
): string[] {
  const lines: string[] = []
  for (const codec of codecs) {
    const name = codec.mimeType.split('/')[1]!
    const channels = codec.channels && codec.channels > 1 ? `/${codec.channels}` : ''
    lines.push(`a=rtpmap:${codec.payloadType} ${name}/${codec.clockRate}${channels}`)
    for (const fb of codec.rtcpFeedback ?? [])
      lines.push(`a=rtcp-fb:${codec.payloadType} ${fb.type}${fb.parameter ? ` ${fb.parameter}` : ''}`)
    const fmtp = formatParameters(codec.parameters ?? {})
    if (fmtp !== '') lines.push(`a=fmtp:${codec.payloadType} ${fmtp}`)
  }
  return lines
}

/** `key=value;key` as in a=fmtp. */
export function formatParameters(parameters: Record<string, unknown>): string {
  return Object.entries(parameters)
    .map(([key, value]) => (value === '' || value === undefined ? key : `${key}=${value}`))
    .join(';')
}
