/** One sending section of a publisher's offer → what mediasoup's `transport.produce()` takes. Pure. */
import type {
  MediaKind,
  RtcpFeedback,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpParameters,
} from 'mediasoup/types'
import type { MediaDescription } from 'sdp-transform'
import { codecParameters, readCodecs, readExtensions, usableCodecs } from './offered-codecs.ts'
import type { RemoteSection } from './remote-description.ts'

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

/** LiveKit's names for low, medium and high; a foreign client's order of names is kept as offered. */
const RID_ORDER = ['q', 'h', 'f']

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
  const headerExtensions = readExtensions(media, kind)
  const [codec] = usableCodecs(media, kind, preferredCodec)
  if (!codec)
    return {
      refused: readCodecs(media).some(({ name }) => name === 'av1')
        ? 'no codec in common; AV1 needs the dependency descriptor header extension'
        : 'no codec in common',
    }
  const [main, ...rtx] = codecParameters(media, kind, codec)
  const codecs = [kind === 'audio' ? soundCodec(main!, announced) : main!, ...rtx]

  const encodings = readEncodings(media, rtx.length > 0)
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
    mimeType: main!.mimeType,
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
function soundCodec(offered: RtpCodecParameters, announced: AnnouncedTrack): RtpCodecParameters {
  const { 'sprop-stereo': _s, stereo: _t, ...rest } = offered.parameters ?? {}
  const parameters = announced.stereo ? { ...rest, stereo: 1, 'sprop-stereo': 1 } : rest
  return { ...offered, parameters, rtcpFeedback: withNack(offered.rtcpFeedback ?? []) }
}

/**
 * Lost sound is asked for again (RFC 4585 §6.2.1). Clients do not offer to hear such requests for sound and yet answer them: libwebrtc takes
 * the feedback of what it sends from the answer alone, and keeps what it sent for it. Who ignores the requests loses nothing.
 */
const withNack = (feedback: RtcpFeedback[]): RtcpFeedback[] =>
  feedback.some(({ type, parameter }) => type === 'nack' && !parameter)
    ? feedback
    : [...feedback, { type: 'nack', parameter: '' }]

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
