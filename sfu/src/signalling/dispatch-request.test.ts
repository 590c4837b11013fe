/** Every SignalRequest has an effect or an answer; none is passed over in silence. */
import {
  AudioTrackFeature,
  MuteTrackRequest,
  Ping,
  RequestResponse_Reason,
  SessionDescription,
  SignalRequest,
  TrackSource,
  TrackType,
  TrickleRequest,
  UpdateLocalAudioTrack,
  UpdateLocalVideoTrack,
  UpdateParticipantMetadata,
  UpdateTrackSettings,
  UpdateVideoLayers,
  VideoLayer,
  VideoQuality,
} from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, publish, settle, TestRooms } from '../../test/room-support/test-room.ts'
import { dispatchRequest } from './dispatch-request.ts'

describe('a signal request', () => {
  let rooms: TestRooms
  let an: Client
  let binh: Client
  beforeEach(async () => {
    rooms = new TestRooms()
    an = await rooms.join('an')
    binh = await rooms.join('binh')
  })
  afterEach(() => rooms.registry.close())

  const ask = (message: SignalRequest['message'], client = an) =>
    dispatchRequest(new SignalRequest({ message }), client)
  const answer = () => an.link.last('requestResponse')

  it('of any kind is known here, with nothing in it too', () => {
    for (const field of SignalRequest.fields.list()) {
      const value = field.kind === 'message' ? new (field.T as unknown as new () => object)() : 0n
      const message = { case: field.localName, value } as SignalRequest['message']
      // A scenario without a name is the one thing there is nothing to say of.
      expect([field.name, ask(message, binh)]).toEqual([field.name, field.name !== 'simulate'])
    }
    expect(ask({ case: undefined })).toBe(false)
  })

  it('about a track that is not there is answered NOT_FOUND, with the request', () => {
    const trackSid = 'TR_gone'
    ask({ case: 'mute', value: new MuteTrackRequest({ sid: trackSid, muted: true }) })
    expect(answer()).toMatchObject({ reason: RequestResponse_Reason.NOT_FOUND, request: { case: 'mute' } })
    ask({ case: 'updateAudioTrack', value: new UpdateLocalAudioTrack({ trackSid }) })
    expect(answer()).toMatchObject({ request: { case: 'updateAudioTrack', value: { trackSid } } })
    ask({ case: 'updateVideoTrack', value: new UpdateLocalVideoTrack({ trackSid }) })
    expect(answer()).toMatchObject({ request: { case: 'updateVideoTrack', value: { trackSid } } })
    ask({ case: 'updateLayers', value: new UpdateVideoLayers({ trackSid }) })
    expect(an.link.all('requestResponse')).toHaveLength(4)
    expect(answer()).toMatchObject({
      reason: RequestResponse_Reason.NOT_FOUND,
      message: 'no such track of yours: TR_gone',
    })
  })

  it('changes size, layers and audio features for all to see', async () => {
    const camera = await publish(an, 'cam')
    ask({
      case: 'updateVideoTrack',
      value: new UpdateLocalVideoTrack({ trackSid: camera, width: 1920, height: 1080 }),
    })
    const told = { quality: 1, width: 320, height: 180, bitrate: 100_000, ssrc: 7, rid: 'h', repairSsrc: 8 }
    const layers = [new VideoLayer({ ...told, spatialLayer: 1 })]
    ask({ case: 'updateLayers', value: new UpdateVideoLayers({ trackSid: camera, layers }) })
    expect(binh.link.told('an')?.tracks[0]).toMatchObject({
      width: 1920,
      height: 1080,
      layers: [{ ...told, spatialLayer: 1 }],
    })
    const many = Array.from({ length: 9 }, (_, n) => new VideoLayer({ width: n, rid: `${n}` }))
    many[3]!.rid = 'x'.repeat(33)
    ask({ case: 'updateLayers', value: new UpdateVideoLayers({ trackSid: camera, layers: many }) })
    expect(binh.link.told('an')?.tracks[0]?.layers.map(({ width }) => width)).toEqual([0, 1, 2, 4, 5, 6, 7])
    const microphone = await publish(an, 'mic', { type: TrackType.AUDIO, source: TrackSource.MICROPHONE })
    const features = [AudioTrackFeature.TF_STEREO, AudioTrackFeature.TF_NO_DTX, AudioTrackFeature.TF_STEREO]
    ask({
      case: 'updateAudioTrack',
      value: new UpdateLocalAudioTrack({ trackSid: microphone, features }),
    })
    expect(binh.link.told('an')?.tracks.find(track => track.sid === microphone)).toMatchObject({
      audioFeatures: [AudioTrackFeature.TF_STEREO, AudioTrackFeature.TF_NO_DTX],
      stereo: true,
      disableDtx: true,
    })
    // A microphone has no layers.
    ask({ case: 'updateLayers', value: new UpdateVideoLayers({ trackSid: microphone }) })
    expect(answer().reason).toBe(RequestResponse_Reason.NOT_FOUND)
  })

  it('with a candidate is taken silently, and told when it is none', () => {
    ask({ case: 'trickle', value: new TrickleRequest({ candidateInit: '{"candidate":""}' }) })
    ask({ case: 'trickle', value: new TrickleRequest({ final: true }) })
    expect(an.link.all('requestResponse')).toEqual([])
    ask({ case: 'trickle', value: new TrickleRequest({ candidateInit: 'candidate:1' }) })
    expect(answer()).toMatchObject({
      reason: RequestResponse_Reason.UNCLASSIFIED_ERROR,
      request: { case: 'trickle' },
    })
  })

  it('for own metadata is refused in words without the grant, with and without a request id', () => {
    for (const requestId of [0, 7]) {
      ask({ case: 'updateMetadata', value: new UpdateParticipantMetadata({ metadata: 'm', requestId }) })
      const request = { case: 'updateMetadata', value: { metadata: 'm', requestId } }
      expect(answer()).toMatchObject({ requestId, reason: RequestResponse_Reason.NOT_ALLOWED, request })
    }
    expect(an.participant.metadata).toBe('')
  })

  it('for own metadata leaves what it does not name', async () => {
    const client = await rooms.join('chi', {
      video: { canUpdateOwnMetadata: true },
      claims: { metadata: 'm', attributes: { drop: '1', keep: '1' } },
    })
    const change = (value: Partial<UpdateParticipantMetadata>) =>
      ask({ case: 'updateMetadata', value: new UpdateParticipantMetadata(value) }, client)
    change({ attributes: { drop: '', hand: 'up' } })
    const kept = { name: 'name of chi', metadata: 'm', attributes: { keep: '1', hand: 'up' } }
    expect(client.link.told('chi')).toMatchObject(kept)
    expect(client.link.told('chi')?.attributes).not.toHaveProperty('drop')
    change({ name: 'Chi\n' })
    expect(client.link.last('requestResponse').reason).toBe(RequestResponse_Reason.INVALID_REQUEST)
    change({ name: 'Chi' })
    expect(binh.link.told('chi')).toMatchObject({ ...kept, name: 'Chi' })
  })

  it('for the settings of a track is passed on with every field', async () => {
    const camera = await publish(an, 'cam')
    const settings = { disabled: true, width: 640, height: 360, fps: 12, priority: 3 }
    const quality = VideoQuality.MEDIUM
    const value = new UpdateTrackSettings({ trackSids: [camera], quality, ...settings })
    ask({ case: 'trackSetting', value }, binh)
    await settle()
    expect(binh.peer.settings.get(camera)).toEqual({ quality, ...settings })
  })

  it('to ping brings the time back and leaves the round trip, whatever it claims', () => {
    ask({ case: 'pingReq', value: new Ping({ timestamp: 5n, rtt: 120n }) })
    expect(an.link.last('pongResp').lastPingTimestamp).toBe(5n)
    expect(Number(an.link.last('pongResp').timestamp)).toBeGreaterThan(Date.now() - 60_000)
    expect(an.participant.rttMs).toBe(120)
    ask({ case: 'pingReq', value: new Ping({ timestamp: 6n, rtt: -(2n ** 62n) }) })
    expect(an.participant.rttMs).toBe(0)
    ask({ case: 'ping', value: 5n })
    expect(an.link.last('pong')).toBeGreaterThan(0n)
  })

  it('to an answer nobody waits for is dropped', () => {
    ask({ case: 'answer', value: new SessionDescription({ type: 'answer', sdp: 'x', id: 99 }) })
    expect(an.peer.answers).toEqual([])
    expect(an.participant.isClosed).toBe(false)
  })
})
