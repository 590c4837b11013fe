import {
  AddTrackRequest,
  AudioTrackFeature,
  BackupCodecPolicy,
  Encryption_Type,
  PacketTrailerFeature,
  TrackInfo,
  TrackSource,
  TrackType,
  VideoLayer,
  VideoLayer_Mode,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import type { PublishedMedia } from '../base/ports.ts'
import { Publication } from './publication.ts'

const layer = (quality: number, width: number) => new VideoLayer({ quality, width, height: (width * 9) / 16 })

const request = (rest: Partial<AddTrackRequest> = {}) =>
  new AddTrackRequest({
    cid: 'c1',
    type: TrackType.VIDEO,
    width: 1280,
    height: 720,
    layers: [layer(2, 1280), layer(0, 320), layer(1, 640)],
    simulcastCodecs: [
      { codec: 'vp9', cid: 'c1' },
      { codec: 'vp8', cid: '' },
    ],
    ...rest,
  })

const media = (rest: Partial<PublishedMedia>): PublishedMedia => ({
  trackId: 'TR_1' as never,
  mid: '1',
  mimeType: 'video/VP9',
  spatialLayers: 3,
  simulcast: false,
  streams: [{ ssrc: 11, repairSsrc: 12 }],
  ...rest,
})

describe('a publication', () => {
  it('names the spatial layer and the stream of each quality, whatever their order', () => {
    const publication = new Publication(request(), 0)
    publication.setPublished(media({}), 1)
    expect(
      publication.info.layers.map(({ quality, spatialLayer, ssrc }) => [quality, spatialLayer, ssrc]),
    ).toEqual([
      [2, 2, 11],
      [0, 0, 11],
      [1, 1, 11],
    ])
    expect(publication.info.codecs[0]).toMatchObject({
      mid: '1',
      videoLayerMode: VideoLayer_Mode.MULTIPLE_SPATIAL_LAYERS_PER_STREAM,
    })
  })

  it('says in its info what was asked for, field by field, and asks the media side for the same', () => {
    const asked = {
      name: 'slides',
      width: 640,
      height: 360,
      muted: true,
      source: TrackSource.SCREEN_SHARE,
      disableDtx: true,
      stereo: true,
      encryption: Encryption_Type.GCM,
      stream: 'lecture',
      backupCodecPolicy: BackupCodecPolicy.SIMULCAST,
    }
    const { info, claim, trackId } = new Publication(request(asked), 7)
    expect(info).toMatchObject({
      ...asked,
      sid: trackId,
      type: TrackType.VIDEO,
      version: { unixMicro: 7000n },
    })
    const { muted, disableDtx, stereo, stream } = asked
    const wanted = { cid: 'c1', kind: 'video', muted, disableDtx, stereo, stream }
    expect(claim).toMatchObject({ ...wanted, trackId, isScreen: true, isRegressing: false })
  })

  it('passes on each field that request and info have in common, also ones this test does not know', () => {
    const common = AddTrackRequest.fields
      .list()
      .map(({ localName }) => localName)
      .filter(name => TrackInfo.fields.findJsonName(name) !== undefined)
    // A sid in the request names a track that is there; the new one's is the server's.
    // What is promised of redundant sound is not kept here (audio/red).
    const own = ['sid', 'disableRed']
    const sample: Record<string, unknown> = {
      cid: 'c1',
      name: 'slides',
      type: TrackType.VIDEO,
      width: 640,
      height: 360,
      muted: true,
      disableDtx: true,
      source: TrackSource.SCREEN_SHARE,
      layers: [layer(0, 320)],
      stereo: true,
      encryption: Encryption_Type.GCM,
      stream: 'lecture',
      backupCodecPolicy: BackupCodecPolicy.SIMULCAST,
      audioFeatures: [AudioTrackFeature.TF_ECHO_CANCELLATION],
      packetTrailerFeatures: [PacketTrailerFeature.PTF_FRAME_ID, PacketTrailerFeature.PTF_USER_TIMESTAMP],
    }
    const { info } = new Publication(new AddTrackRequest(sample), 0)
    const passed = common.filter(name => !own.includes(name))
    expect(passed.filter(name => !(name in sample))).toEqual([])
    for (const name of passed) expect(info[name as keyof TrackInfo], name).toEqual(sample[name])
    expect(info.sid).toMatch(/^TR_/)
    expect(info.disableRed).toBe(true)
  })

  it('names each trailer feature once', () => {
    const { PTF_USER_TIMESTAMP, PTF_FRAME_ID } = PacketTrailerFeature
    const asked = [PTF_FRAME_ID, PTF_USER_TIMESTAMP, PTF_FRAME_ID]
    const { info } = new Publication(request({ packetTrailerFeatures: asked }), 0)
    expect(info.packetTrailerFeatures).toEqual([PTF_FRAME_ID, PTF_USER_TIMESTAMP])
  })

  it('says by features what older requests say by fields', () => {
    const audio = { type: TrackType.AUDIO, stereo: true, disableDtx: true }
    expect(new Publication(request(audio), 0).info.audioFeatures).toEqual([
      AudioTrackFeature.TF_STEREO,
      AudioTrackFeature.TF_NO_DTX,
    ])
    const named = request({ ...audio, audioFeatures: [AudioTrackFeature.TF_NO_DTX] })
    expect(new Publication(named, 0).info.audioFeatures.toSorted()).toEqual(
      [AudioTrackFeature.TF_STEREO, AudioTrackFeature.TF_NO_DTX].toSorted(),
    )
    expect(new Publication(request({ stereo: true }), 0).info.audioFeatures).toEqual([])
  })

  it('takes its backup codec in the place where it was announced, with layers and rids of its own', () => {
    const publication = new Publication(request(), 0)
    publication.setPublished(media({}), 1)
    const before = publication.info.version?.unixMicro
    publication.addCodecs(
      request({
        sid: publication.trackId,
        cid: 'c2',
        simulcastCodecs: [{ codec: 'vp8', cid: 'c2', layers: [layer(0, 320), layer(1, 1280)] } as never],
      }),
    )
    expect(publication.claim.codecs).toMatchObject([
      { codec: 'vp9', cid: 'c1' },
      { codec: 'vp8', cid: 'c2', layers: [{ width: 320 }, { width: 1280 }] },
    ])
    const streams = [{ rid: 'q' }, { rid: 'h' }]
    publication.setPublished(
      media({ mid: '2', mimeType: 'video/VP8', spatialLayers: 2, simulcast: true, streams }),
      2,
    )
    expect(publication.info.codecs).toMatchObject([
      { mimeType: 'video/VP9', mid: '1' },
      { mimeType: 'video/VP8', mid: '2', cid: 'c2', layers: [{ rid: 'q' }, { rid: 'h', spatialLayer: 1 }] },
    ])
    // The track as a whole stays what it was first published as.
    expect(publication.info).toMatchObject({ mimeType: 'video/VP9', mid: '1', simulcast: false })
    expect(publication.info.version?.unixMicro).not.toBe(before)
  })

  it('says what became of a first codec that could not be taken', () => {
    const publication = new Publication(
      request({ simulcastCodecs: [{ codec: 'h265', cid: 'c1' } as never] }),
      0,
    )
    publication.setPublished(media({ mimeType: 'video/VP8', spatialLayers: 1 }), 1)
    expect(publication.info.codecs).toMatchObject([{ mimeType: 'video/VP8', cid: 'c1', mid: '1' }])
  })

  it.each([
    [BackupCodecPolicy.PREFER_REGRESSION, true],
    [BackupCodecPolicy.REGRESSION, true],
    [BackupCodecPolicy.SIMULCAST, false],
  ])('of policy %s moves everybody to the backup: %s', (backupCodecPolicy, isRegressing) => {
    expect(new Publication(request({ backupCodecPolicy }), 0).claim.isRegressing).toBe(isRegressing)
  })
})
