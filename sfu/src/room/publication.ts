/** A track a participant offers: what was asked for (AddTrackRequest) and, once media flows, what is published. */
import { createHash } from 'node:crypto'
import { newTrackId, type TrackId } from '@diemcau/core/ids.ts'
import {
  type AddTrackRequest,
  SimulcastCodecInfo,
  TimedVersion,
  TrackInfo,
  TrackSource,
  TrackType,
} from '@livekit/protocol'
import type { PublishedMedia, TrackClaim } from './ports.ts'

export class Publication {
  readonly trackId: TrackId
  readonly info: TrackInfo
  readonly claim: TrackClaim
  /** False from AddTrackRequest until the offer with its media has been answered. */
  isPublished = false
  /** Spatial layers mediasoup knows, 1 for audio and single-layer video. */
  spatialLayers = 1
  /** The publisher is told once that somebody subscribed (TrackSubscribed). */
  wasSubscribed = false
  readonly requestedAtMs: number

  constructor(request: AddTrackRequest, nowMs: number) {
    this.trackId = newTrackId()
    this.requestedAtMs = nowMs
    this.info = infoOf(request, this.trackId, nowMs)
    this.claim = claimOf(request, this.trackId)
  }

  /** A further codec (backup codec) of the same track: AddTrackRequest.sid names this track. */
  addCodecs(request: AddTrackRequest): void {
    for (const codec of request.simulcastCodecs) {
      if (!codec.cid || this.claim.codecs.some(known => known.cid === codec.cid)) continue
      this.claim.codecs.push({ codec: bareCodec(codec.codec), cid: codec.cid })
      this.info.codecs.push(codecInfo(codec, this.info.type))
    }
  }

  setPublished(media: PublishedMedia, nowMs: number): void {
    this.isPublished = true
    this.spatialLayers = Math.max(1, media.spatialLayers)
    this.info.mid = media.mid
    this.info.mimeType = media.mimeType
    this.info.simulcast = media.simulcast
    const first = this.info.codecs[0]
    if (first) {
      first.mimeType = media.mimeType
      first.mid = media.mid
    } else {
      this.info.codecs.push(
        new SimulcastCodecInfo({
          mimeType: media.mimeType,
          mid: media.mid,
          cid: this.claim.cid,
          layers: this.info.layers,
        }),
      )
    }
    this.touch(nowMs)
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
    audioFeatures: request.audioFeatures,
    backupCodecPolicy: request.backupCodecPolicy,
    version: new TimedVersion({ unixMicro: BigInt(nowMs) * 1000n }),
  })
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
  const sizes = layers
    .filter(layer => layer.width > 0 && layer.height > 0)
    .map(({ quality, width, height }) => ({ quality, width, height }))
    .sort((a, b) => a.width * a.height - b.width * b.height)
  if (sizes.length === 0 && request.width > 0 && request.height > 0)
    sizes.push({ quality: 2, width: request.width, height: request.height })
  return {
    trackId,
    cid: request.cid,
    codecs: request.simulcastCodecs.map(({ codec, cid }) => ({ codec: bareCodec(codec), cid })),
    kind: request.type === TrackType.AUDIO ? 'audio' : 'video',
    layerCount: layers.length,
    layers: sizes,
    muted: request.muted,
    stream: streamOf(request),
    disableDtx: request.disableDtx,
    stereo: request.stereo,
  }
}

/** 'video/VP8' and 'VP8' are both 'vp8'. */
const bareCodec = (codec: string): string => codec.toLowerCase().replace(/^(audio|video)\//, '')

const codecInfo = (codec: AddTrackRequest['simulcastCodecs'][number], type: TrackType): SimulcastCodecInfo =>
  new SimulcastCodecInfo({
    mimeType: codec.codec ? `${type === TrackType.AUDIO ? 'audio' : 'video'}/${bareCodec(codec.codec)}` : '',
    cid: codec.cid,
    layers: codec.layers,
    videoLayerMode: codec.videoLayerMode,
  })
