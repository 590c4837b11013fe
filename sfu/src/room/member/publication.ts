/** A track a participant offers: what was asked for (AddTrackRequest) and, once media flows, what is published. */
import { createHash } from 'node:crypto'
import { newTrackId, type TrackId } from '@diemcau/core/ids.ts'
import {
  type AddTrackRequest,
  AudioTrackFeature,
  BackupCodecPolicy,
  type SimulcastCodec,
  SimulcastCodecInfo,
  TimedVersion,
  TrackInfo,
  TrackSource,
  TrackType,
  type VideoLayer,
  VideoLayer_Mode,
} from '@livekit/protocol'
import type { PublishedMedia, TrackClaim } from '../base/ports.ts'
import type { TrackFacts } from './track-facts.ts'

export class Publication implements TrackFacts {
  readonly trackId: TrackId
  readonly info: TrackInfo
  readonly claim: TrackClaim
  /** False from AddTrackRequest until the offer with its media has been answered. */
  isPublished = false
  /** The publisher is told once that somebody subscribed (TrackSubscribed). */
  wasSubscribed = false
  readonly requestedAtMs: number

  constructor(request: AddTrackRequest, nowMs: number) {
    this.trackId = newTrackId()
    this.requestedAtMs = nowMs
    this.info = infoOf(request, this.trackId, nowMs)
    this.claim = claimOf(request, this.trackId)
  }

  get kind(): 'audio' | 'video' {
    return this.claim.kind
  }

  /** A further codec (backup codec) of the same track: AddTrackRequest.sid names this track. */
  addCodecs(request: AddTrackRequest): void {
    for (const codec of request.simulcastCodecs) {
      if (!codec.cid || this.claim.codecs.some(known => known.cid === codec.cid)) continue
      const claimed = codecClaim(codec)
      const info = codecInfo(codec, this.info.type)
      // Announced with the track, it has its place there already.
      const index = this.claim.codecs.findIndex(known => known.codec === claimed.codec && known.cid === '')
      if (index < 0) {
        this.claim.codecs.push(claimed)
        this.info.codecs.push(info)
      } else {
        this.claim.codecs[index] = claimed
        this.info.codecs[index] = info
      }
    }
  }

  /** Media of the track, or of a further codec of it, flows. */
  setPublished(media: PublishedMedia, nowMs: number): void {
    const codec = this.#codecFor(media)
    codec.mimeType = media.mimeType
    codec.mid = media.mid
    if (codec.layers.length === 0) codec.layers = this.info.layers.map(layer => layer.clone())
    if (this.claim.kind === 'video') describeLayers(codec, media)
    if (!this.isPublished) {
      this.isPublished = true
      this.info.mid = media.mid
      this.info.mimeType = media.mimeType
      this.info.simulcast = media.simulcast
      this.info.layers = codec.layers
    }
    this.touch(nowMs)
  }

  /** By the codec announced; a client that may not use it has published its first one in another. */
  #codecFor(media: PublishedMedia): SimulcastCodecInfo {
    const { codecs } = this.info
    const known = codecs.find(
      ({ cid, mimeType }) => cid !== '' && mimeType.toLowerCase() === media.mimeType.toLowerCase(),
    )
    const first = this.isPublished ? undefined : codecs[0]
    if (known ?? first) return (known ?? first)!
    const codec = new SimulcastCodecInfo({ cid: this.claim.cid })
    codecs.push(codec)
    return codec
  }

  /** Marks the info as newer than what was sent before. */
  touch(nowMs: number): void {
    this.info.version = new TimedVersion({ unixMicro: BigInt(nowMs) * 1000n })
  }
}

function infoOf(request: AddTrackRequest, trackId: TrackId, nowMs: number): TrackInfo {
  return new TrackInfo({
    sid: trackId,
    type: request.type,
    name: request.name,
    muted: request.muted,
    width: request.width,
    height: request.height,
    simulcast: request.type === TrackType.VIDEO && request.layers.length > 1,
    disableDtx: request.disableDtx,
    source: request.source,
    layers: request.layers,
    codecs: request.simulcastCodecs.map(codec => codecInfo(codec, request.type)),
    stereo: request.stereo,
    // mediasoup has no audio/red, so no subscriber may count on it.
    disableRed: true,
    encryption: request.encryption,
    stream: streamOf(request),
    audioFeatures: audioFeaturesOf(request),
    backupCodecPolicy: request.backupCodecPolicy,
    packetTrailerFeatures: [...new Set(request.packetTrailerFeatures)],
    version: new TimedVersion({ unixMicro: BigInt(nowMs) * 1000n }),
  })
}

/** As LiveKit, what older fields say is among the features too. */
function audioFeaturesOf({ type, audioFeatures, stereo, disableDtx }: AddTrackRequest): AudioTrackFeature[] {
  const features = new Set(audioFeatures)
  if (type === TrackType.AUDIO && stereo) features.add(AudioTrackFeature.TF_STEREO)
  if (type === TrackType.AUDIO && disableDtx) features.add(AudioTrackFeature.TF_NO_DTX)
  return [...features]
}

/**
 * Lip sync goes by streams: camera and microphone are in one, a shared screen and its sound in another, unless the client
 * names the stream itself. The name ends in an SDP line and must not be taken for a track's id.
 */
function streamOf({ stream, source }: AddTrackRequest): string {
  if (/^(?!TR)[\w.-]{1,64}$/.test(stream)) return stream
  if (stream !== '') return `s-${createHash('sha256').update(stream).digest('hex').slice(0, 16)}`
  if (source === TrackSource.CAMERA || source === TrackSource.MICROPHONE) return 'camera'
  if (source === TrackSource.SCREEN_SHARE || source === TrackSource.SCREEN_SHARE_AUDIO) return 'screenshare'
  return 'other'
}

function claimOf(request: AddTrackRequest, trackId: TrackId): TrackClaim {
  const layers = request.layers.length > 0 ? request.layers : (request.simulcastCodecs[0]?.layers ?? [])
  const sizes = sizesOf(layers)
  if (sizes.length === 0 && request.width > 0 && request.height > 0)
    sizes.push({ quality: 2, width: request.width, height: request.height })
  return {
    trackId,
    cid: request.cid,
    codecs: request.simulcastCodecs.map(codecClaim),
    isRegressing: request.backupCodecPolicy !== BackupCodecPolicy.SIMULCAST,
    kind: request.type === TrackType.AUDIO ? 'audio' : 'video',
    layerCount: layers.length,
    layers: sizes,
    muted: request.muted,
    stream: streamOf(request),
    isScreen: request.source === TrackSource.SCREEN_SHARE,
    isVoice: request.source === TrackSource.MICROPHONE,
    disableDtx: request.disableDtx,
    stereo: request.stereo,
  }
}

const sizesOf = (layers: VideoLayer[]): TrackClaim['layers'] =>
  layers
    .filter(layer => layer.width > 0 && layer.height > 0)
    .map(({ quality, width, height }) => ({ quality, width, height }))
    .sort((a, b) => a.width * a.height - b.width * b.height)

const codecClaim = ({ codec, cid, layers }: SimulcastCodec): TrackClaim['codecs'][number] => ({
  codec: bareCodec(codec),
  cid,
  ...(layers.length > 0 ? { layers: sizesOf(layers) } : {}),
})

/** As LiveKit fills them: which stream or spatial layer carries which quality. */
function describeLayers(codec: SimulcastCodecInfo, media: PublishedMedia): void {
  if (codec.videoLayerMode === VideoLayer_Mode.MODE_UNUSED)
    codec.videoLayerMode =
      media.spatialLayers > 1 && !media.simulcast
        ? VideoLayer_Mode.MULTIPLE_SPATIAL_LAYERS_PER_STREAM
        : VideoLayer_Mode.ONE_SPATIAL_LAYER_PER_STREAM
  // Native SDKs announce several layers of one size.
  const low = codec.layers.toSorted(
    (a, b) => a.width * a.height - b.width * b.height || a.quality - b.quality,
  )
  for (const [index, layer] of low.entries()) {
    const stream = media.simulcast ? media.streams[index] : media.streams[0]
    layer.spatialLayer = media.simulcast ? index : Math.min(index, media.spatialLayers - 1)
    layer.rid = stream?.rid ?? ''
    layer.ssrc = stream?.ssrc ?? 0
    layer.repairSsrc = stream?.repairSsrc ?? 0
  }
}

/** 'video/VP8' and 'VP8' are both 'vp8'. */
const bareCodec = (codec: string): string => codec.toLowerCase().replace(/^(audio|video)\//, '')

const codecInfo = (codec: SimulcastCodec, type: TrackType): SimulcastCodecInfo =>
  new SimulcastCodecInfo({
    mimeType: codec.codec ? `${type === TrackType.AUDIO ? 'audio' : 'video'}/${bareCodec(codec.codec)}` : '',
    cid: codec.cid,
    layers: codec.layers,
    videoLayerMode: codec.videoLayerMode,
  })
