/** One sending section of a publisher's offer → what mediasoup's `transport.produce()` takes. Pure. */
import type {
  MediaKind,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtensionParameters,
  RtpParameters,
} from 'mediasoup/types'
import type { MediaDescription } from 'sdp-transform'
import type { RemoteSection } from './remote-description.ts'
import { DEPENDENCY_DESCRIPTOR, FEEDBACK, h264Profile, PUBLISHER_EXTENSIONS } from './router-codecs.ts'

/** What signalling said of the track before it was offered. */
export interface AnnouncedTrack {
  kind: 'audio' | 'video'
  /** Spatial layers announced, 0 when none were. */
  layerCount: number
  /** Both channels differ. */
  stereo?: boolean
}

export interface ProducerPlan {
  kind: MediaKind
  mimeType: string
  rtpParameters: RtpParameters
  spatialLayers: number
  simulcast: boolean
}

interface OfferedCodec {
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
/** LiveKit's names for low, medium and high; a foreign client's order of names is kept as offered. */
const RID_ORDER = ['q', 'h', 'f']

/** Of a codec by its short name ('vp8'), undefined for one no router carries. */
export function mimeTypeOf(codec: string): string | undefined {
  const name = codec.toLowerCase()
  // Publishers name codecs as they like: `constructor`, to which every object answers, is none.
  return Object.hasOwn(MIME_TYPES, name) ? MIME_TYPES[name] : undefined
}

/** The streams of a plan, low layer first, as TrackInfo names them. */
export function streamsOf(
  rtpParameters: RtpParameters,
): { rid?: string; ssrc?: number; repairSsrc?: number }[] {
  return (rtpParameters.encodings ?? []).map(({ rid, ssrc, rtx }) => ({
    ...(rid === undefined ? {} : { rid }),
    ...(ssrc === undefined ? {} : { ssrc }),
    ...(rtx === undefined ? {} : { repairSsrc: rtx.ssrc }),
  }))
}

/**
 * Plans a producer for a section, in the codec asked for when the section offers it, else in the first one the
 * routers carry. Returns a refusal in words when nothing fits.
 */
export function planProducer(
  section: RemoteSection,
  announced: AnnouncedTrack,
  preferredCodec: string,
): ProducerPlan | { refused: string } {
  if (section.kind === 'application') return { refused: 'not a media section' }
  if (announced.kind !== section.kind)
    return { refused: `announced as ${announced.kind}, offered as ${section.kind}` }
  const { media, kind } = section
  const offered = readCodecs(media)
  const headerExtensions = readExtensions(media, kind)
  const codec = chooseCodec(
    offered.filter(({ name }) => name !== 'av1' || hasDependencyDescriptor(headerExtensions)),
    kind,
    preferredCodec,
  )
  if (!codec)
    return {
      refused: offered.some(({ name }) => name === 'av1')
        ? 'no codec in common; AV1 needs the dependency descriptor header extension'
        : 'no codec in common',
    }
  const mimeType = MIME_TYPES[codec.name]!
  const feedback = readFeedback(media, codec.payloadType, kind)

  const codecs: RtpCodecParameters[] = [
    {
      mimeType,
      payloadType: codec.payloadType,
      clockRate: codec.clockRate,
      ...(kind === 'audio' ? { channels: codec.channels ?? 1 } : {}),
      parameters: kind === 'audio' ? soundParameters(codec.parameters, announced) : codec.parameters,
      rtcpFeedback: kind === 'audio' ? withNack(feedback) : feedback,
    },
  ]
  const rtx = offered.find(c => c.name === 'rtx' && c.parameters.apt === codec.payloadType)
  if (rtx) {
    codecs.push({
      mimeType: `${kind}/rtx`,
      payloadType: rtx.payloadType,
      clockRate: rtx.clockRate,
      parameters: { apt: codec.payloadType },
      rtcpFeedback: [],
    })
  }

  const encodings = readEncodings(media, rtx !== undefined)
  if (encodings.length === 0) return { refused: 'neither rid nor ssrc in the section' }
  if (encodings.some(e => e.rid) && !headerExtensions.some(e => e.uri.endsWith('sdes:rtp-stream-id')))
    return { refused: 'simulcast without the rtp-stream-id header extension' }
  const isSvc = encodings.length === 1 && (codec.name === 'vp9' || codec.name === 'av1')
  const svcLayers = isSvc ? Math.min(Math.max(announced.layerCount, 1), 3) : 1
  // SDP does not tell the scalability mode; without it mediasoup could not switch layers. See RFC 9626 for the names.
  if (isSvc) encodings[0]!.scalabilityMode = svcLayers === 1 ? 'L1T3' : `L${svcLayers}T3_KEY`
  else if (encodings.length > 1 && codec.name === 'vp8')
    for (const encoding of encodings) encoding.scalabilityMode = 'L1T3'

  const cname = media.ssrcs?.find(s => s.attribute === 'cname')?.value
  return {
    kind,
    mimeType,
    rtpParameters: {
      mid: section.mid,
      codecs,
      headerExtensions,
      encodings,
      rtcp: { ...(cname ? { cname: `${cname}` } : {}), reducedSize: true },
    },
    spatialLayers: encodings.length > 1 ? encodings.length : svcLayers,
    simulcast: encodings.length > 1,
  }
}

/**
 * What subscribers are told of the sound (RFC 7587 §6.1). livekit-client offers `stereo=1` for every sound, and decodes two
 * channels only of one that is offered to it with `sprop-stereo=1`.
 */
function soundParameters(offered: OfferedCodec['parameters'], announced: AnnouncedTrack) {
  const { 'sprop-stereo': _s, stereo: _t, ...rest } = offered
  return announced.stereo ? { ...rest, stereo: 1, 'sprop-stereo': 1 } : rest
}

function readCodecs(media: MediaDescription): OfferedCodec[] {
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

function chooseCodec(offered: OfferedCodec[], kind: MediaKind, preferred: string): OfferedCodec | undefined {
  const usable = offered.filter(codec => isCarried(codec, kind))
  const wanted = usable.filter(codec => codec.name === preferred.toLowerCase())
  const candidates = wanted.length > 0 ? wanted : usable
  const first = candidates[0]
  if (first?.name !== 'h264') return first
  // Constrained baseline is what every receiver decodes.
  const rank = (codec: OfferedCodec) =>
    h264Profile(codec.parameters['profile-level-id'] as string | undefined) === 'constrained-baseline' ? 0 : 1
  return candidates.filter(codec => codec.name === 'h264').sort((a, b) => rank(a) - rank(b))[0]
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

/**
 * Lost sound is asked for again (RFC 4585 §6.2.1). Clients do not offer to hear such requests for sound and yet answer them: libwebrtc takes
 * the feedback of what it sends from the answer alone, and keeps what it sent for it. Who ignores the requests loses nothing.
 */
const withNack = <T extends { type: string; parameter: string }>(feedback: T[]) =>
  feedback.some(({ type, parameter }) => type === 'nack' && parameter === '')
    ? feedback
    : [...feedback, { type: 'nack', parameter: '' }]

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

function readEncodings(media: MediaDescription, hasRtx: boolean): RtpEncodingParameters[] {
  const rids = readSendRids(media)
  if (rids.length > 0) return rids.map(rid => ({ rid }))

  const ssrcs: number[] = []
  for (const line of media.ssrcs ?? []) {
    const id = Number(line.id)
    if (Number.isInteger(id) && id > 0 && id <= 0xffffffff && !ssrcs.includes(id)) ssrcs.push(id)
  }
  const groups = (media.ssrcGroups ?? []).map(group => ({
    semantics: group.semantics,
    members: `${group.ssrcs}`.split(' ').map(Number),
  }))
  const pairs = groups.filter(group => group.semantics === 'FID')
  const repairs = new Set(pairs.map(group => group.members[1]))
  const simulcast = groups.find(group => group.semantics === 'SIM')?.members
  const primaries = (simulcast ?? ssrcs.filter(ssrc => !repairs.has(ssrc)).slice(0, 1)).filter(s =>
    ssrcs.includes(s),
  )
  return primaries.map(ssrc => {
    const repair = pairs.find(group => group.members[0] === ssrc)?.members[1]
    return hasRtx && repair && ssrcs.includes(repair) ? { ssrc, rtx: { ssrc: repair } } : { ssrc }
  })
}

/** RFC 8853 §5.1: `a=simulcast:send q;h;f`, low to high; alternatives (`,`) and the pause sign (`~`) are dropped. */
export function readSendRids(media: MediaDescription): string[] {
  const { simulcast } = media
  const list =
    simulcast?.dir1 === 'send' ? simulcast.list1 : simulcast?.dir2 === 'send' ? simulcast.list2 : undefined
  const declared = new Set((media.rids ?? []).filter(r => r.direction === 'send').map(r => `${r.id}`))
  const named =
    list === undefined ? [...declared] : `${list}`.split(';').map(a => a.split(',')[0]!.replace('~', ''))
  const rids = [...new Set(named)]
    .filter(rid => declared.has(rid) && /^[A-Za-z0-9_-]{1,16}$/.test(rid))
    .slice(0, 4)
  return rids.every(rid => RID_ORDER.includes(rid))
    ? rids.sort((a, b) => RID_ORDER.indexOf(a) - RID_ORDER.indexOf(b))
    : rids
}
