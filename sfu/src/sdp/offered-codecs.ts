/** The codecs and header extensions of a publisher's section that the routers carry. Pure. */
import type { MediaKind, RtpCodecParameters, RtpHeaderExtensionParameters } from 'mediasoup/types'
import type { MediaDescription } from 'sdp-transform'
import { DEPENDENCY_DESCRIPTOR, FEEDBACK, h264Profile, PUBLISHER_EXTENSIONS } from './router-codecs.ts'

export interface OfferedCodec {
  payloadType: number
  /** Lower case, without the kind: 'vp8'. */
  name: string
  clockRate: number
  channels: number | undefined
  parameters: Record<string, string | number>
}

const MIME_TYPES: Record<string, string> = {
  opus: 'audio/opus',
  vp8: 'video/VP8',
  h264: 'video/H264',
  vp9: 'video/VP9',
  av1: 'video/AV1',
}

/** Of a codec by its short name ('vp8'), undefined for one no router carries. */
export function mimeTypeOf(codec: string): string | undefined {
  const name = codec.toLowerCase()
  // Publishers name codecs as they like: `constructor`, to which every object answers, is none.
  return Object.hasOwn(MIME_TYPES, name) ? MIME_TYPES[name] : undefined
}

/** In the client's order of preference; with all that a router does not carry (RTX among them). */
export function readCodecs(media: MediaDescription): OfferedCodec[] {
  const byType = new Map<number, OfferedCodec>()
  for (const rtp of media.rtp ?? []) {
    if (!Number.isInteger(rtp.payload) || rtp.payload < 0 || rtp.payload > 127) continue
    if (byType.has(rtp.payload)) continue
    byType.set(rtp.payload, {
      payloadType: rtp.payload,
      name: `${rtp.codec}`.toLowerCase(),
      clockRate: Number(rtp.rate),
      channels: rtp.encoding === undefined ? undefined : Number(rtp.encoding),
      parameters: readParameters(media, rtp.payload),
    })
  }
  // The m= line holds the client's order of preference; rtpmap lines need not (RFC 3264 §5.1).
  const order = `${media.payloads ?? ''}`.split(' ').map(Number)
  return order.map(pt => byType.get(pt)).filter(codec => codec !== undefined)
}

function readParameters(media: MediaDescription, payloadType: number): Record<string, string | number> {
  const parameters: Record<string, string | number> = {}
  const config = media.fmtp?.find(f => f.payload === payloadType)?.config
  for (const part of `${config ?? ''}`.split(';')) {
    const [key = '', ...rest] = part.trim().split('=')
    if (key === '' || key === '__proto__') continue
    const value = rest.join('=')
    // profile-level-id is hexadecimal and may look like a number.
    parameters[key] = /^\d{1,9}$/.test(value) && key !== 'profile-level-id' ? Number(value) : value
  }
  return parameters
}

/** Of several profiles of H264 the one every receiver decodes; undefined when there is none of the name. */
function bestOf(codecs: OfferedCodec[], name: string): OfferedCodec | undefined {
  const rank = ({ parameters }: OfferedCodec) =>
    name !== 'h264' ||
    h264Profile(parameters['profile-level-id'] as string | undefined) === 'constrained-baseline'
      ? 0
      : 1
  return codecs.filter(codec => codec.name === name).sort((a, b) => rank(a) - rank(b))[0]
}

/**
 * What a producer could be made of, the wanted codec first and then as the client prefers them; each codec once, so that there is
 * no doubt in which payload type it comes. Empty when nothing offered is carried.
 */
export function usableCodecs(media: MediaDescription, kind: MediaKind, preferred: string): OfferedCodec[] {
  const canAv1 = hasDependencyDescriptor(readExtensions(media, kind))
  const carried = readCodecs(media).filter(
    codec => isCarried(codec, kind) && (codec.name !== 'av1' || canAv1),
  )
  const names = [...new Set(carried.map(({ name }) => name))]
  const isWanted = (name: string) => (name === preferred.toLowerCase() ? 0 : 1)
  return names.sort((a, b) => isWanted(a) - isWanted(b)).map(name => bestOf(carried, name)!)
}

/** A codec and its retransmission (RFC 4588), if offered, as a description and mediasoup name them. */
export function codecParameters(
  media: MediaDescription,
  kind: MediaKind,
  codec: OfferedCodec,
): RtpCodecParameters[] {
  const codecs: RtpCodecParameters[] = [
    {
      mimeType: MIME_TYPES[codec.name]!,
      payloadType: codec.payloadType,
      clockRate: codec.clockRate,
      ...(kind === 'audio' ? { channels: codec.channels ?? 1 } : {}),
      parameters: codec.parameters,
      rtcpFeedback: readFeedback(media, codec.payloadType, kind),
    },
  ]
  const rtx = readCodecs(media).find(c => c.name === 'rtx' && c.parameters.apt === codec.payloadType)
  if (rtx)
    codecs.push({
      mimeType: `${kind}/rtx`,
      payloadType: rtx.payloadType,
      clockRate: rtx.clockRate,
      parameters: { apt: codec.payloadType },
      rtcpFeedback: [],
    })
  return codecs
}

/** mediasoup finds the key frames of AV1 by it alone, and forwards nothing before one. Native SDKs do not offer it. */
const hasDependencyDescriptor = (extensions: RtpHeaderExtensionParameters[]): boolean =>
  extensions.some(({ uri }) => uri === DEPENDENCY_DESCRIPTOR.uri)

function isCarried(codec: OfferedCodec, kind: MediaKind): boolean {
  if (kind === 'audio') return codec.name === 'opus' && codec.clockRate === 48_000 && codec.channels === 2
  if (codec.clockRate !== 90_000) return false
  if (codec.name === 'h264')
    return (
      codec.parameters['packetization-mode'] === 1 &&
      h264Profile(codec.parameters['profile-level-id'] as string | undefined) !== null
    )
  if (codec.name === 'vp9') return (codec.parameters['profile-id'] ?? 0) === 0
  return codec.name === 'vp8' || codec.name === 'av1'
}

function readFeedback(media: MediaDescription, payloadType: number, kind: MediaKind) {
  const seen = new Set<string>()
  for (const fb of media.rtcpFb ?? []) {
    if (fb.payload !== payloadType && fb.payload !== '*') continue
    const name = fb.subtype ? `${fb.type} ${fb.subtype}` : `${fb.type}`
    if (FEEDBACK[kind].has(name)) seen.add(name)
  }
  return [...seen].map(name => {
    const [type = '', parameter = ''] = name.split(' ')
    return { type, parameter }
  })
}

/** Extensions both sides know, at the ids of the offer, which an answer must keep (RFC 8285 §6). */
export function readExtensions(media: MediaDescription, kind: MediaKind): RtpHeaderExtensionParameters[] {
  const extensions: RtpHeaderExtensionParameters[] = []
  const known: ReadonlySet<string> = PUBLISHER_EXTENSIONS[kind]
  for (const ext of media.ext ?? []) {
    const id = Number(ext.value)
    if (!known.has(`${ext.uri}`) || !Number.isInteger(id) || id < 1 || id > 255) continue
    if (extensions.some(e => e.uri === ext.uri || e.id === id)) continue
    extensions.push({
      uri: ext.uri as RtpHeaderExtensionParameters['uri'],
      id,
      encrypt: false,
      parameters: {},
    })
  }
  return extensions
}
