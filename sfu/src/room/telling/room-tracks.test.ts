import { AppError } from '@diemcau/core/errors.ts'
import {
  DisconnectReason,
  ParticipantPermission,
  RequestResponse_Reason,
  SimulcastCodec,
  SubscriptionError,
  SubscriptionPermission,
  TrackPermission,
  TrackSource,
  TrackType,
} from '@livekit/protocol'
import { describe, expect, it, vi } from 'vitest'
import {
  offer,
  publish,
  received,
  settle,
  trackRequest,
  userPacket,
  useTimedRooms,
} from '../../../test/room-support/test-room.ts'

const { rooms, wait } = useTimedRooms()

describe('publishing', () => {
  it('confirms, answers, then tells the others, who then subscribe', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    expect(an.link.cases().filter(name => name === 'trackPublished' || name === 'answer')).toEqual([
      'trackPublished',
      'answer',
    ])
    expect(binh.link.told('an')?.tracks).toMatchObject([
      { sid, mimeType: 'video/VP8', source: TrackSource.CAMERA },
    ])
    expect([...binh.peer.subscribed]).toEqual([sid])
    expect(an.link.last('trackSubscribed').trackSid).toBe(sid)
    // Of the first subscriber only.
    expect([...(await rooms.join('chi')).peer.subscribed]).toEqual([sid])
    expect(an.link.all('trackSubscribed')).toHaveLength(1)
    expect(rooms.events.findLast(({ track }) => track)).toMatchObject({
      event: 'track_published',
      track: { sid },
      participant: { identity: 'an' },
    })
  })

  it('is answered with the tracks of the last offer, which older clients forget otherwise', async () => {
    const an = await rooms.join('an')
    const midToTrackId = { '3': 'TR_of_another' }
    an.peer.listener.onSubscriberOffer({ sdp: 'offer', midToTrackId } as never)
    await publish(an, 'cam')
    expect(an.link.last('offer').midToTrackId).toEqual(midToTrackId)
    expect(an.link.last('answer').midToTrackId).toEqual(midToTrackId)
  })

  it('is refused without the grant for the source, over the limit, or without a cid', async () => {
    const an = await rooms.join('an', { video: { canPublishSources: ['microphone'] } })
    const { publications } = an.participant
    publications.addTrack(trackRequest('cam'))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.NOT_ALLOWED)
    const microphone = { type: TrackType.AUDIO, source: TrackSource.MICROPHONE }
    publications.addTrack(trackRequest('', microphone))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.INVALID_REQUEST)
    for (const named of [{ name: 'a\0' }, { stream: 'a\nb' }, { cid: 'a\u007f' }]) {
      publications.addTrack(trackRequest('mic', { ...microphone, ...named }))
      expect(an.link.last('requestResponse')).toMatchObject({
        reason: RequestResponse_Reason.INVALID_REQUEST,
        message: 'a name or id holds control characters',
      })
    }
    publications.addTrack(trackRequest('x'.repeat(2_000), microphone))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.LIMIT_EXCEEDED)
    publications.addTrack(trackRequest('data', { ...microphone, type: TrackType.DATA }))
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.UNSUPPORTED_TYPE)
    for (let i = 0; i < 33; i++) publications.addTrack(trackRequest(`m${i}`, microphone))
    expect(an.link.all('trackPublished')).toHaveLength(32)
    expect(an.link.last('requestResponse').reason).toBe(RequestResponse_Reason.LIMIT_EXCEEDED)
  })

  it('ends when the section stops, and a refused section never begins', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    await an.participant.publications.handleOffer(offer({ stop: [sid] }))
    await settle()
    expect(binh.link.told('an')?.tracks).toEqual([])
    expect(binh.peer.subscribed.size).toBe(0)
    expect(rooms.eventNames().at(-1)).toBe('track_unpublished')
    const refused = await publish(an, 'refuse-me')
    expect(an.link.last('trackUnpublished').trackSid).toBe(refused)
    expect(binh.link.told('an')?.tracks).toEqual([])
  })

  it('sends a participant away whose offer is absurd', async () => {
    const an = await rooms.join('an')
    await an.participant.publications.handleOffer(offer({ bad: true }))
    expect(an.link.last('leave').reason).toBe(DisconnectReason.MEDIA_FAILURE)
    expect(an.peer.closedWith).toBe('left')
  })

  it('mutes by the client quietly, by the server with word to the client first', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    an.participant.publications.setMutedByClient(sid, true)
    await settle()
    expect(binh.link.told('an')?.tracks[0]?.muted).toBe(true)
    expect(an.peer.muted.get(sid)).toBe(true)
    expect(an.link.cases()).not.toContain('mute')
    an.participant.publications.setMutedByClient(sid, false)
    await rooms.registry.mutePublishedTrack('R', 'an', sid, true)
    expect(an.link.last('mute')).toMatchObject({ sid, muted: true })
    expect(binh.link.told('an')?.tracks[0]?.muted).toBe(true)
    const unmuted = () => rooms.registry.mutePublishedTrack('R', 'an', sid, false)
    await expect(unmuted()).rejects.toMatchObject({ code: 'failed_precondition' })
    // It is open as far as is known here, while its owner may just be closing it.
    an.participant.publications.setMutedByClient(sid, false)
    await expect(unmuted()).rejects.toMatchObject({ code: 'failed_precondition' })
    expect(an.link.all('mute')).toHaveLength(1)
    await expect(rooms.registry.mutePublishedTrack('R', 'an', 'TR_x', true)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('makes no new track of a further codec whose track has ended', async () => {
    const an = await rooms.join('an')
    const gone = trackRequest('backup')
    gone.sid = 'TR_gone'
    an.participant.publications.addTrack(gone)
    expect(an.link.last('requestResponse')).toMatchObject({
      reason: RequestResponse_Reason.NOT_FOUND,
      request: { case: 'addTrack', value: { cid: 'backup' } },
    })
    expect(an.link.cases()).not.toContain('trackPublished')
  })

  it('takes tracks down with the permission, also those only asked for', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    an.participant.publications.addTrack(trackRequest('pending'))
    const permission = new ParticipantPermission({ canSubscribe: true, canPublishData: true })
    await rooms.registry.updateParticipant('R', 'an', { permission })
    await settle()
    expect(an.link.all('trackUnpublished')).toHaveLength(2)
    expect(an.peer.calls).toContain(`unpublish ${sid}`)
    expect(binh.peer.subscribed.size).toBe(0)
    expect(an.link.told('an')?.permission).toMatchObject({ canPublish: false })
    // The offer that was on its way finds no claim and publishes nothing.
    await an.participant.publications.handleOffer(offer({ publish: ['pending'] }))
    await settle()
    expect(binh.link.told('an')?.tracks).toEqual([])
  })
})

describe('a further codec of a track', () => {
  it('is one of four at most', async () => {
    const an = await rooms.join('an')
    const sid = await publish(an, 'cam')
    const codecs = (...names: string[]) =>
      names.map(codec => new SimulcastCodec({ codec, cid: `c-${codec}` }))
    for (const simulcastCodecs of [codecs('vp8', 'h264', 'vp9'), codecs('av1', 'h265'), codecs('av1')])
      an.participant.publications.addTrack(trackRequest('backup', { sid, simulcastCodecs }))
    const claimed = an.participant.publications.get(sid)?.claim.codecs.map(({ codec }) => codec)
    expect(claimed).toEqual(['vp8', 'h264', 'vp9', 'av1'])
    expect(an.link.all('trackPublished')).toHaveLength(4)
  })
})

describe('subscribing', () => {
  it('begins anew when the media side lost the track, and ends with the track', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'mic', { type: TrackType.AUDIO })
    binh.peer.subscribed.delete(sid)
    binh.peer.listener.onSubscriptionLost(sid, new Error('the pipe is gone'))
    await wait(200)
    expect([...binh.peer.subscribed]).toEqual([sid])
    binh.peer.listener.onSubscriptionLost(sid, new Error('the pipe is gone'))
    await an.peer.close('worker_died')
    an.peer.listener.onLost('worker_died')
    const calls = binh.peer.calls.length
    await wait(5_000)
    expect(binh.peer.calls).toHaveLength(calls)
  })

  it('stops with canSubscribe and with the publisher’s permission', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    const sid = await publish(an, 'cam')
    const only = new TrackPermission({ participantIdentity: 'binh', trackSids: [sid] })
    const permission = new SubscriptionPermission({ allParticipants: false, trackPermissions: [only] })
    an.room.changeSubscriptionPermission(an.participant, permission)
    await settle()
    expect([binh.peer.subscribed.size, chi.peer.subscribed.size]).toEqual([1, 0])
    expect(chi.link.last('subscriptionPermissionUpdate')).toMatchObject({ trackSid: sid, allowed: false })
    // Somebody who comes later is bound by it too.
    expect((await rooms.join('dung')).peer.subscribed.size).toBe(0)
    await rooms.registry.updateParticipant('R', 'binh', {
      permission: new ParticipantPermission({ canPublish: true }),
    })
    await settle()
    expect(binh.peer.subscribed.size).toBe(0)
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: true }),
    )
    await settle()
    expect(chi.peer.subscribed.size).toBe(1)
  })

  it('is told to be forbidden to whoever wants it: when published, when joining, and at each new wish', async () => {
    const none = new SubscriptionPermission({ allParticipants: false })
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.room.changeSubscriptionPermission(an.participant, none)
    const sid = await publish(an, 'cam')
    const forbidden = { participantSid: an.participant.id, trackSid: sid, allowed: false }
    const told = ({ link }: typeof an) => link.all('subscriptionPermissionUpdate')
    expect(told(binh)).toMatchObject([forbidden])
    // Clients look for the track among those they know.
    expect(binh.link.cases().lastIndexOf('update')).toBeLessThan(
      binh.link.cases().indexOf('subscriptionPermissionUpdate'),
    )
    const late = await rooms.join('late')
    expect(told(late)).toMatchObject([forbidden])
    const picky = await rooms.join('picky', { query: { autoSubscribe: false } })
    expect(told(picky)).toEqual([])
    picky.participant.subscriptions.setWanted([sid], true)
    picky.participant.subscriptions.setWanted([sid], false)
    picky.participant.subscriptions.setWanted([sid], true)
    expect(told(picky)).toMatchObject([forbidden, forbidden])
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: true }),
    )
    for (const client of [binh, late, picky]) expect(told(client).at(-1)).toMatchObject({ allowed: true })
  })

  it('is allowed by sid also to whoever comes back with another one', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    const only = new TrackPermission({ participantSid: binh.participant.id, allTracks: true })
    an.room.changeSubscriptionPermission(
      an.participant,
      new SubscriptionPermission({ allParticipants: false, trackPermissions: [only] }),
    )
    const again = await rooms.join('binh')
    expect(again.participant.id).not.toBe(binh.participant.id)
    expect([...again.peer.subscribed]).toEqual([sid])
    expect((await rooms.join('chi')).peer.subscribed.size).toBe(0)
  })

  it('is changed by the API for tracks that exist', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    await rooms.registry.updateSubscriptions('R', 'binh', [sid], false)
    await settle()
    expect(binh.peer.subscribed.size).toBe(0)
    await expect(rooms.registry.updateSubscriptions('R', 'binh', ['TR_x'], true)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('is told to be impossible for the want of a codec, or for a fault', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const subscribe = vi.spyOn(binh.peer, 'subscribe')
    subscribe.mockRejectedValue(new AppError('codec_unsupported', 'av1'))
    const av1 = await publish(an, 'cam')
    const told = () => binh.link.last('subscriptionResponse')
    expect(told()).toMatchObject({ trackSid: av1, err: SubscriptionError.SE_CODEC_UNSUPPORTED })
    subscribe.mockRejectedValue(new Error('a fault of ours'))
    const faulty = await publish(an, 'screen')
    await wait(5_000)
    expect(told()).toMatchObject({ trackSid: faulty, err: SubscriptionError.SE_UNKNOWN })
  })

  it('tells stream states and dynacast demands to whom they concern', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'cam')
    binh.peer.listener.onStreamState(sid, 'paused')
    expect(binh.link.last('streamStateUpdate').streamStates).toMatchObject([
      { participantSid: an.participant.id, trackSid: sid, state: 1 },
    ])
    rooms
      .roomMedia()
      .listener.onDemandChanged(an.participant.id, sid, [
        { mimeType: 'video/VP8', maxSpatialLayer: -1, spatialLayers: 3 },
      ])
    await wait(5_000)
    expect(
      an.link.last('subscribedQualityUpdate').subscribedQualities.map(quality => quality.enabled),
    ).toEqual([false, false, false])
  })
})

describe('data', () => {
  it('goes to all others, or to those named, from whoever really sent it', async () => {
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    an.peer.listener.onData('reliable', userPacket('hi'))
    an.peer.listener.onData('lossy', userPacket('psst', { destinationIdentities: ['chi'] }))
    expect(received(binh).map(({ kind, packet }) => [kind, packet.participantIdentity])).toEqual([
      ['reliable', 'an'],
    ])
    expect(received(chi).map(({ kind }) => kind)).toEqual(['reliable', 'lossy'])
    expect(an.peer.sent).toEqual([])
  })

  it('on a channel of another name goes to all others as a reliable packet, by the same rules', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    const mute = await rooms.join('mute', { video: { canPublishData: false } })
    an.peer.listener.onData('other', Uint8Array.of(1, 2, 3))
    mute.peer.listener.onData('other', Uint8Array.of(4))
    expect(received(binh)).toMatchObject([
      {
        kind: 'reliable',
        packet: {
          participantIdentity: 'an',
          value: {
            case: 'user',
            value: { payload: Uint8Array.of(1, 2, 3), participantSid: an.participant.id },
          },
        },
      },
    ])
  })

  it('is dropped without the grant, too large, malformed, repeated or too much', async () => {
    const an = await rooms.join('an')
    const mute = await rooms.join('mute', { video: { canPublishData: false } })
    mute.peer.listener.onData('reliable', userPacket('no'))
    const binh = await rooms.join('binh')
    binh.peer.listener.onData('reliable', userPacket('x'.repeat(70_000)))
    binh.peer.listener.onData('reliable', Uint8Array.of(0xff))
    binh.peer.listener.onData('data_track', userPacket('no'))
    binh.peer.listener.onData('reliable', userPacket('1', { sequence: 5 }))
    binh.peer.listener.onData('reliable', userPacket('1 again', { sequence: 5 }))
    expect(received(an)).toHaveLength(1)
    for (let i = 0; i < 5_000; i++) binh.peer.listener.onData('lossy', userPacket('flood'))
    expect(received(an).length).toBeLessThan(2_100)
  })

  it('waits, when reliable and in order, for the channels of somebody who has just come', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    binh.peer.areChannelsOpen = false
    for (const text of ['1', '2']) an.peer.listener.onData('reliable', userPacket(text))
    an.peer.listener.onData('lossy', userPacket('gone'))
    await wait(200)
    binh.peer.areChannelsOpen = true
    an.peer.listener.onData('reliable', userPacket('3'))
    await wait(100)
    an.peer.listener.onData('reliable', userPacket('4'))
    const texts = received(binh).map(({ packet }) =>
      packet.value.case === 'user' ? Buffer.from(packet.value.value.payload).toString() : '',
    )
    expect(texts).toEqual(['1', '2', '3', '4'])
    // A client that does not keep up loses what is over; it must not fill our memory.
    binh.peer.areChannelsOpen = false
    expect(binh.participant.data.send('reliable', userPacket('5'))).toBe(false)
  })

  it('of metrics goes only to those who may read them', async () => {
    const [an, binh] = [
      await rooms.join('an', { video: { canSubscribeMetrics: true } }),
      await rooms.join('binh'),
    ]
    const chi = await rooms.join('chi')
    const { DataPacket, MetricsBatch } = await import('@livekit/protocol')
    const packet = new DataPacket({ value: { case: 'metrics', value: new MetricsBatch() } }).toBinary()
    chi.peer.listener.onData('reliable', packet)
    expect([an.peer.sent.length, binh.peer.sent.length]).toEqual([1, 0])
  })
})
