import { EventEmitter } from 'node:events'
import { AppError } from '@diemcau/core/errors.ts'
import {
  DisconnectReason,
  LeaveRequest_Action,
  ParticipantTracks,
  Ping,
  RequestResponse_Reason,
  SessionDescription,
  SignalRequest,
  SignalResponse,
  SimulateScenario,
  SubscriptionError,
  SubscriptionPermission,
  SyncState,
  TrackInfo,
  TrackPermission,
  TrackPublishedResponse,
  TrickleRequest,
  UpdateParticipantMetadata,
  UpdateSubscription,
  UpdateTrackSettings,
} from '@livekit/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { offer, publish, settle, trackRequest, useTimedRooms } from '../../test/room-support/test-room.ts'
import { defaultJoinQuery, type JoinQuery, type VideoGrants } from '../room/base/claims.ts'
import { acceptRtc } from './signal-connection.ts'

/** Enough of a WebSocket: what was sent, decoded, and how it was closed. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1
  readonly CLOSING = 2
  readyState = 1
  bufferedAmount = 0
  pings: string[] = []
  isTerminated = false
  closed: { code: number; reason: string } | undefined
  readonly messages: SignalResponse['message'][] = []
  /** Keeps what it is sent, like a socket whose client reads slowly or not. */
  isSlow = false
  send(data: Uint8Array) {
    if (this.isSlow) this.bufferedAmount += data.length
    this.messages.push(SignalResponse.fromBinary(data).message)
  }
  ping(payload: string) {
    this.pings.push(payload)
  }
  close(code: number, reason: string) {
    this.closed ??= { code, reason }
    this.readyState = 2
  }
  terminate() {
    if (this.isTerminated) return
    this.isTerminated = true
    this.readyState = 3
    this.emit('close', 1006, Buffer.alloc(0))
  }
  request(message: SignalRequest['message']) {
    this.emit('message', Buffer.from(new SignalRequest({ message }).toBinary()), true)
  }
  cases() {
    return this.messages.map(message => message.case)
  }
  last<C extends NonNullable<SignalResponse['message']['case']>>(wanted: C) {
    type Value = Extract<SignalResponse['message'], { case: C }>['value']
    return this.messages.findLast(message => message.case === wanted)?.value as Value
  }
}

describe('a signal connection', () => {
  const { rooms, wait } = useTimedRooms()
  afterEach(async () => {
    await rooms.registry.close()
    // Fake sockets do not answer a close, which is waited for.
    vi.clearAllTimers()
  })

  const connect = (
    identity: string,
    options: { query?: Partial<JoinQuery>; video?: VideoGrants; isSlow?: boolean } = {},
  ) => {
    const socket = new FakeSocket()
    socket.isSlow = options.isSlow ?? false
    const query = { ...defaultJoinQuery, ...options.query }
    acceptRtc(socket as unknown as WebSocket, rooms.claims(identity, options.video), query, {
      registry: rooms.registry,
    })
    return socket
  }
  const active = async (identity: string, video: VideoGrants = {}) => {
    const socket = connect(identity, { video })
    await settle()
    const sid = rooms.registry.getParticipant('R', identity).sid
    const peer = rooms.media.peer(sid)
    peer.listener.onConnected('subscriber')
    return { socket, sid, peer }
  }

  it('says join first and handles what comes while media is still being opened', async () => {
    const socket = connect('an')
    socket.request({ case: 'addTrack', value: trackRequest('cam') })
    socket.request({ case: 'offer', value: offer({ publish: ['cam'] }, 3) })
    await settle()
    expect(socket.cases()[0]).toBe('join')
    expect(socket.last('answer')).toMatchObject({ type: 'answer', id: 3 })
    expect(rooms.registry.getParticipant('R', 'an').tracks).toHaveLength(1)
  })

  it('answers pings, both kinds', async () => {
    const socket = connect('an')
    socket.request({ case: 'ping', value: 5n })
    socket.request({ case: 'pingReq', value: new Ping({ timestamp: 7n }) })
    expect(socket.cases()).toContain('pong')
    expect(socket.last('pongResp').lastPingTimestamp).toBe(7n)
    await settle()
  })

  it('takes as many candidates as a client gathers, and ends a flood of them', async () => {
    const { socket } = await active('an')
    // As libwebrtc writes one; 724 within 1.3 s were seen from a machine with many addresses.
    const candidate = (n: number) =>
      `{"candidate":"candidate:${n} 1 udp 2122194687 2001:db8:85a3:8d3:1319:8a2e:370:7348 5${n} typ host generation 0 ufrag EsAw network-id ${n}","sdpMid":"0","sdpMLineIndex":0}`
    const trickle = (n: number) =>
      socket.request({ case: 'trickle', value: new TrickleRequest({ candidateInit: candidate(n) }) })
    for (let n = 0; n < 3_000; n++) trickle(n)
    // Kinds of a newer protocol: field 77, two bytes.
    for (let n = 0; n < 3_000; n++) socket.emit('message', Buffer.from([0xea, 0x04, 0x02, 0, 0]), true)
    expect(socket.closed).toBeUndefined()
    // None of it was taken off what other messages may be.
    for (let n = 0; n < 500; n++) socket.request({ case: 'ping', value: 1n })
    expect(socket.closed).toBeUndefined()
    let sent = 3_000
    while (!socket.closed && sent < 100_000) trickle(sent++)
    expect([socket.closed, sent < 12_000]).toEqual([{ code: 1008, reason: 'too many signal messages' }, true])
  })

  it.each([
    ['answered', () => new SignalRequest({ message: { case: 'ping', value: 1n } })],
    [
      'no candidates',
      () =>
        new SignalRequest({
          message: { case: 'trickle', value: new TrickleRequest({ candidateInit: '{' }) },
        }),
    ],
    ['without effect and empty', () => new SignalRequest()],
  ])('ends a flood of messages that are %s', async (_what, message) => {
    const { socket } = await active('an')
    const bytes = Buffer.from(message().toBinary())
    let sent = 0
    while (!socket.closed && sent < 100_000) {
      socket.emit('message', bytes, true)
      sent += 1
    }
    expect([socket.closed?.code, sent <= 20_001]).toEqual([1008, true])
  })

  it('keeps the participant when the socket is lost and ends it on a leave', async () => {
    const { socket, sid } = await active('an')
    socket.terminate()
    expect(rooms.registry.listParticipants('R')).toHaveLength(1)
    const again = connect('an', { query: { reconnect: true, participantSid: sid } })
    await settle()
    expect(again.cases()[0]).toBe('reconnect')
    expect(again.cases()).toContain('offer')
    again.request({ case: 'leave', value: { action: LeaveRequest_Action.DISCONNECT } as never })
    expect(rooms.registry.listParticipants('R')).toEqual([])
    expect(again.closed?.code).toBe(1000)
  })

  it('tells a client to join anew when its participant is not kept', () => {
    const socket = connect('an', { query: { reconnect: true, participantSid: 'PA_gone' } })
    expect(socket.cases()).toEqual(['leave'])
    expect(socket.last('leave').action).toBe(LeaveRequest_Action.RECONNECT)
    expect(socket.closed).toBeDefined()
  })

  it('refuses with a leave when the room is full', async () => {
    await rooms.registry.createRoom({ name: 'R', maxParticipants: 1 })
    await active('an')
    const socket = connect('binh')
    expect(socket.last('leave').action).toBe(LeaveRequest_Action.DISCONNECT)
    expect(socket.closed?.reason).toMatch(/full/)
  })

  it('tells whoever was overtaken by a newer connection of the identity, at another node, that it is that', async () => {
    const socket = new FakeSocket()
    const join = async () => {
      throw new AppError('already_exists', 'the identity has joined at another node meanwhile')
    }
    const deps = { registry: rooms.registry, join }
    acceptRtc(socket as unknown as WebSocket, rooms.claims('an'), defaultJoinQuery, deps)
    await settle()
    expect(socket.last('leave')).toMatchObject({
      reason: DisconnectReason.DUPLICATE_IDENTITY,
      action: LeaveRequest_Action.DISCONNECT,
    })
  })

  it('closes on malformed, textual, oversized and too many messages, and ignores what follows', async () => {
    const malformed = connect('a')
    malformed.emit('message', Buffer.from([0xff]), true)
    expect(malformed.closed?.code).toBe(1007)
    const count = malformed.messages.length
    malformed.request({ case: 'ping', value: 1n })
    expect(malformed.messages).toHaveLength(count)
    const text = connect('b')
    text.emit('message', Buffer.from('{}'), false)
    expect(text.closed?.code).toBe(1003)
    const large = connect('c')
    large.emit('message', Buffer.alloc(800_000), true)
    expect(large.closed?.code).toBe(1009)
    const flood = connect('d')
    for (let i = 0; i < 700; i++) flood.request({ case: 'ping', value: 1n })
    expect(flood.closed?.code).toBe(1008)
    await settle()
    expect(rooms.registry.listParticipants('R')).toHaveLength(4)
  })

  it('closes only that socket when a handler of ours fails', async () => {
    const { socket, sid } = await active('an')
    const other = await active('binh')
    const kept = rooms.registry.resume(rooms.claims('an'), sid, { send() {}, close() {} })
    vi.spyOn(kept!.participant.publications, 'addTrack').mockImplementation(() => {
      throw new Error('a fault of ours')
    })
    const again = connect('an', { query: { reconnect: true, participantSid: sid } })
    again.request({ case: 'addTrack', value: trackRequest('cam') })
    expect(again.closed).toEqual({ code: 1011, reason: 'internal error' })
    expect(socket.closed?.code).toBe(1000)
    expect(other.socket.closed).toBeUndefined()
    expect(kept?.participant.isClosed).toBe(false)
  })

  it('does not take everybody for silent after a pause of its own', async () => {
    const { socket } = await active('an')
    vi.setSystemTime(Date.now() + 120_000)
    await wait(6_000)
    expect(socket.isTerminated).toBe(false)
  })

  it('learns from the answer to a ping what the client has had, and says the rest again on the next link', async () => {
    const { socket, sid } = await active('an')
    await rooms.registry.updateRoomMetadata('R', 'heard')
    await wait(5_000)
    socket.emit('pong', Buffer.from(socket.pings.at(-1) ?? ''))
    await rooms.registry.updateRoomMetadata('R', 'lost')
    socket.emit('pong', Buffer.from('no number'))
    const again = connect('an', { query: { reconnect: true, participantSid: sid } })
    await settle()
    const updates = again.messages.filter(message => message.case === 'roomUpdate')
    expect(updates.map(({ value }) => value.room?.metadata)).toEqual(['lost'])
  })

  it('takes a silent connection for lost, and a slow one too', async () => {
    const { socket } = await active('an')
    await wait(10_000)
    expect(socket.pings.length).toBeGreaterThan(0)
    socket.emit('pong', Buffer.from(socket.pings.at(-1) ?? ''))
    await wait(25_000)
    expect(socket.isTerminated).toBe(false)
    await wait(11_000)
    expect(socket.isTerminated).toBe(true)
    const slow = await active('slow')
    slow.socket.bufferedAmount = 100_000_000
    slow.socket.request({ case: 'ping', value: 1n })
    expect(slow.socket.isTerminated).toBe(true)
  })

  it('gives a newcomer on a slow line the time its first reply takes, and no more', async () => {
    for (let n = 0; n < 20; n++) await rooms.join(`p${n}`, { claims: { metadata: 'm'.repeat(512 * 1024) } })
    const socket = connect('late', { isSlow: true })
    expect(socket.bufferedAmount).toBeGreaterThan(10_000_000)
    await settle()
    // What the others do meanwhile goes behind it, and nothing of the client is heard for a minute and a half.
    const { sid } = rooms.registry.getParticipant('R', 'late')
    rooms.media.peer(sid).listener.onConnected('subscriber')
    for (let seconds = 0; seconds < 90; seconds += 5) {
      socket.bufferedAmount -= 100_000
      await wait(5_000)
      await rooms.registry.updateRoomMetadata('R', `${seconds}`)
    }
    expect(socket.isTerminated).toBe(false)
    // Then it reads no more.
    await wait(41_000)
    expect(socket.isTerminated).toBe(true)
  })

  it('does not expect the media of a newcomer before its first reply is there', async () => {
    for (let n = 0; n < 4; n++) await rooms.join(`p${n}`, { claims: { metadata: 'm'.repeat(512 * 1024) } })
    const socket = connect('late', { isSlow: true })
    await settle()
    for (let seconds = 0; seconds < 75; seconds += 5) {
      socket.bufferedAmount -= 25_000
      await wait(5_000)
    }
    expect(rooms.registry.getParticipant('R', 'late').identity).toBe('late')
    socket.bufferedAmount = 0
    socket.isSlow = false
    const pong = () => socket.emit('pong', Buffer.from(socket.pings.at(-1) ?? ''))
    for (let seconds = 0; seconds < 35; seconds += 5) {
      pong()
      await wait(5_000)
    }
    expect(() => rooms.registry.getParticipant('R', 'late')).toThrow('does not exist')
    expect(socket.cases()).toContain('leave')
  })

  it('gives a newcomer no credit for what comes after its first reply', async () => {
    for (let n = 0; n < 20; n++) await rooms.join(`p${n}`, { claims: { metadata: 'm'.repeat(512 * 1024) } })
    const socket = connect('late', { isSlow: true })
    await settle()
    socket.bufferedAmount = 0
    for (let n = 0; n < 16; n++) await rooms.registry.updateRoomMetadata('R', `${n}`.padEnd(512 * 1024))
    expect(socket.isTerminated).toBe(false)
    await rooms.registry.updateRoomMetadata('R', 'one more')
    expect(socket.isTerminated).toBe(true)
  })

  it('cuts off a client that does not answer the close, and of one that does keeps nothing', async () => {
    const silent = connect('an', { query: { reconnect: true, participantSid: 'PA_gone' } })
    expect(silent.closed).toBeDefined()
    await wait(3_000)
    expect(silent.isTerminated).toBe(true)
    const polite = connect('an', { query: { reconnect: true, participantSid: 'PA_gone' } })
    expect(vi.getTimerCount()).toBe(1)
    polite.emit('close', 1008, Buffer.alloc(0))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('changes own metadata by permission only, and answers the request', async () => {
    const { socket } = await active('an', { canUpdateOwnMetadata: true })
    const binh = await active('binh')
    const update = (metadata: string, requestId: number) =>
      new UpdateParticipantMetadata({ metadata, requestId, attributes: { a: '1' } })
    socket.request({ case: 'updateMetadata', value: update('m', 4) })
    expect(socket.last('requestResponse')).toMatchObject({ requestId: 4, reason: RequestResponse_Reason.OK })
    expect(rooms.registry.getParticipant('R', 'an')).toMatchObject({ metadata: 'm', attributes: { a: '1' } })
    socket.request({ case: 'updateMetadata', value: update('x'.repeat(600_000), 5) })
    expect(socket.last('requestResponse')).toMatchObject({
      requestId: 5,
      reason: RequestResponse_Reason.LIMIT_EXCEEDED,
    })
    binh.socket.request({ case: 'updateMetadata', value: update('m', 6) })
    expect(binh.socket.last('requestResponse').reason).toBe(RequestResponse_Reason.NOT_ALLOWED)
    expect(rooms.registry.getParticipant('R', 'binh').metadata).toBe('')
  })

  it('subscribes, sets track settings and restores both from a sync state', async () => {
    const publisher = await rooms.join('pub')
    const track = await publish(publisher, 'cam')
    const { socket, peer } = await active('an')
    await settle()
    expect([...peer.subscribed]).toEqual([track])
    socket.request({
      case: 'subscription',
      value: new UpdateSubscription({ trackSids: [track], subscribe: false }),
    })
    await settle()
    expect(peer.subscribed.size).toBe(0)
    socket.request({
      case: 'subscription',
      value: new UpdateSubscription({ trackSids: ['TR_x'], subscribe: true }),
    })
    expect(socket.last('subscriptionResponse').err).toBe(SubscriptionError.SE_TRACK_NOTFOUND)
    // As livekit-client names them: in both lists.
    const both = (...trackSids: string[]) =>
      new UpdateSubscription({
        trackSids,
        participantTracks: [new ParticipantTracks({ participantSid: publisher.participant.id, trackSids })],
        subscribe: true,
      })
    socket.request({ case: 'subscription', value: both('TR_y') })
    expect(socket.cases().filter(message => message === 'subscriptionResponse')).toHaveLength(2)
    socket.request({ case: 'subscription', value: new UpdateSubscription({ ...both(track), trackSids: [] }) })
    const settings = new UpdateTrackSettings({
      trackSids: [track],
      width: 320,
      height: 180,
      quality: 99 as never,
    })
    socket.request({ case: 'trackSetting', value: settings })
    await settle()
    expect(peer.settings.get(track)).toMatchObject({ width: 320, height: 180, quality: 2, disabled: false })
    const gone = new TrackPublishedResponse({ cid: 'c', track: new TrackInfo({ sid: 'TR_gone' }) })
    socket.request({
      case: 'syncState',
      value: new SyncState({ trackSidsDisabled: [track], publishTracks: [gone] }),
    })
    await settle()
    expect(peer.settings.get(track)).toMatchObject({ width: 320, disabled: true })
    expect(socket.last('trackUnpublished').trackSid).toBe('TR_gone')
    const exceptions = (...trackSids: string[]) => {
      const subscription = new UpdateSubscription({ trackSids, subscribe: false })
      socket.request({ case: 'syncState', value: new SyncState({ subscription }) })
      return settle()
    }
    await exceptions(track)
    expect(peer.subscribed.size).toBe(0)
    await exceptions()
    expect([...peer.subscribed]).toEqual([track])
  })

  it('refuses a permission that names nobody, and keeps the one before', async () => {
    const { socket } = await active('an')
    const binh = await active('binh')
    const permit = (...trackPermissions: TrackPermission[]) =>
      socket.request({
        case: 'subscriptionPermission',
        value: new SubscriptionPermission({ allParticipants: false, trackPermissions }),
      })
    permit(new TrackPermission({ participantIdentity: 'binh', allTracks: true }))
    permit(new TrackPermission({ allTracks: true }))
    expect(socket.last('requestResponse').reason).toBe(RequestResponse_Reason.INVALID_REQUEST)
    socket.request({ case: 'addTrack', value: trackRequest('cam') })
    socket.request({ case: 'offer', value: offer({ publish: ['cam'] }, 3) })
    await settle()
    expect(binh.peer.subscribed.size).toBe(1)
  })

  it('plays the scenarios a client may ask for', async () => {
    const { socket, sid } = await active('an')
    const simulate = (scenario: SimulateScenario['scenario']) =>
      ({ case: 'simulate', value: new SimulateScenario({ scenario }) }) as const
    socket.request(simulate({ case: 'speakerUpdate', value: 3 }))
    expect(socket.last('speakersChanged').speakers[0]?.sid).toBe(sid)
    socket.request(simulate({ case: 'disconnectSignalOnResume', value: true }))
    socket.terminate()
    const cut = connect('an', { query: { reconnect: true, participantSid: sid } })
    expect(cut.cases()).toEqual(['reconnect', 'update'])
    expect(cut.closed).toBeDefined()
    cut.terminate()
    const again = connect('an', { query: { reconnect: true, participantSid: sid } })
    await settle()
    expect(again.closed).toBeUndefined()
    again.request(simulate({ case: 'leaveRequestFullReconnect', value: true }))
    expect(again.last('leave').action).toBe(LeaveRequest_Action.RECONNECT)
  })

  it('sends an answer or a leave to any offer', async () => {
    const { socket } = await active('an')
    socket.request({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp: 'nonsense' }) })
    await settle()
    expect(socket.cases()).toContain('leave')
    expect(socket.closed).toBeDefined()
  })
})
