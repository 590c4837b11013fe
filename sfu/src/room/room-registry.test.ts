/** What the API asks of a room beyond the everyday: moving a participant, calling its methods, data once. */
import { AppError } from '@diemcau/core/errors.ts'
import {
  ClientInfo_Capability,
  DataPacket,
  DataPacket_Kind,
  LeaveRequest_Action,
  ParticipantInfo_Kind,
  ParticipantInfo_KindDetail,
  RoomConfiguration,
  RpcAck,
  RpcError,
  RpcResponse,
  UserPacket,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  RecordingLink,
  received,
  settle,
  useTimedRooms,
} from '../../test/room-support/test-room.ts'

const { rooms, wait } = useTimedRooms()
const failureOf = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(AppError)
  return [(error as AppError).code, (error as AppError).message]
}

describe('moving a participant', () => {
  it('hands it a token for the other room, then tells it to come back', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    await rooms.registry.moveParticipant('R', 'an', 'S')
    const [token, moved, leave] = an.link.messages.slice(-3)
    expect([token?.case, moved?.case, leave?.case]).toEqual(['refreshToken', 'roomMoved', 'leave'])
    expect(JSON.parse(String(token?.value))).toMatchObject({
      identity: 'an',
      video: { room: 'S', roomJoin: true },
    })
    expect(an.link.last('roomMoved')).toMatchObject({
      room: { name: 'S' },
      token: token?.value,
      participant: { sid: an.participant.id, identity: 'an', name: 'name of an' },
    })
    expect(an.link.last('leave')).toMatchObject({ action: LeaveRequest_Action.RECONNECT })
    expect(an.participant.isClosed).toBe(true)
    expect(binh.link.told('an')?.sid).toBe(an.participant.id)
    expect(rooms.registry.listRooms(['S'])).toHaveLength(1)
    expect(rooms.events.at(-1)).toMatchObject({ event: 'participant_left', participant: { identity: 'an' } })
  })

  it('is refused for nobody, to nowhere, to a full room, and while its signalling is cut', async () => {
    const an = await rooms.join('an')
    const move = (identity: string, to: string) =>
      failureOf(rooms.registry.moveParticipant('R', identity, to))
    expect((await move('nobody', 'S'))[0]).toBe('not_found')
    expect((await move('an', 'R'))[0]).toBe('invalid_argument')
    expect((await move('an', ''))[0]).toBe('invalid_argument')
    await rooms.registry.createRoom({ name: 'full', maxParticipants: 1 })
    await rooms.join('chi', { video: { room: 'full' } })
    expect((await move('an', 'full'))[0]).toBe('resource_exhausted')
    an.participant.handleLinkLost(an.link)
    expect((await move('an', 'S'))[0]).toBe('unavailable')
    expect(an.participant.isClosed).toBe(false)
  })
})

describe('calling a method of a participant', () => {
  const call = { method: 'greet', payload: 'chào', timeoutMs: 5_000 }
  const requestOf = (client: Client) => {
    const packet = received(client).at(-1)?.packet
    if (packet?.value.case !== 'rpcRequest') throw new Error(`no call but ${packet?.value.case}`)
    return { packet, request: packet.value.value }
  }
  const say = (client: Client, value: DataPacket['value']) =>
    client.peer.listener.onData(
      'reliable',
      new DataPacket({ kind: DataPacket_Kind.RELIABLE, value }).toBinary(),
    )

  it('reaches that one only and brings back its answer', async () => {
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    an.participant.rttMs = 200
    const answer = rooms.registry.performRpc('R', 'an', call)
    const { packet, request } = requestOf(an)
    expect(request).toMatchObject({ method: 'greet', payload: 'chào', responseTimeoutMs: 4_800, version: 1 })
    expect(packet.participantIdentity).toBe(request.id)
    expect(received(binh)).toEqual([])
    say(an, { case: 'rpcAck', value: new RpcAck({ requestId: request.id }) })
    const result = new RpcResponse({ requestId: request.id, value: { case: 'payload', value: 'chào anh' } })
    // Another's answer is not believed.
    say(binh, {
      case: 'rpcResponse',
      value: new RpcResponse({ requestId: request.id, value: { case: 'payload', value: 'forged' } }),
    })
    say(an, { case: 'rpcResponse', value: result })
    expect(await answer).toBe('chào anh')
  })

  it('ends with the method’s error, without an answer, or with the participant', async () => {
    const an = await rooms.join('an')
    const failed = failureOf(rooms.registry.performRpc('R', 'an', call))
    const requestId = requestOf(an).request.id
    const error = new RpcError({ code: 1500, message: 'Application error', data: 'why' })
    say(an, {
      case: 'rpcResponse',
      value: new RpcResponse({ requestId, value: { case: 'error', value: error } }),
    })
    expect(await failed).toEqual(['rpc_failed', 'RpcError 1500: Application error: why'])

    const unanswered = failureOf(rooms.registry.performRpc('R', 'an', { ...call, timeoutMs: 9_000 }))
    await wait(7_100)
    expect((await unanswered)[0]).toBe('canceled')

    const slow = failureOf(rooms.registry.performRpc('R', 'an', call))
    say(an, { case: 'rpcAck', value: new RpcAck({ requestId: requestOf(an).request.id }) })
    await wait(5_100)
    expect(await slow).toEqual(['canceled', 'RpcError 1502: Response timeout'])

    const left = failureOf(rooms.registry.performRpc('R', 'an', call))
    await rooms.registry.removeParticipant('R', 'an')
    expect((await left)[0]).toBe('unavailable')
    expect((await failureOf(rooms.registry.performRpc('R', 'an', call)))[0]).toBe('not_found')
  })
})

describe('removing a participant', () => {
  it('refuses the tokens that the server made of those it was given for, whatever its clock says', async () => {
    // The portal's clock is an hour behind: what this server signs now would be from after its removal.
    const minutes = Math.floor(Date.now() / 60_000)
    const portalS = minutes * 60 - 3_600
    const an = await rooms.join('an', { claims: { notBeforeS: portalS } })
    const renewed = JSON.parse(an.link.last('refreshToken')) as { notBeforeS: number }
    expect(renewed.notBeforeS).toBe(portalS)
    await rooms.registry.removeParticipant('R', 'an', portalS + 60)
    expect(() => rooms.enter('an', { claims: { notBeforeS: renewed.notBeforeS } })).toThrow('revoked')
    await rooms.join('an', { claims: { notBeforeS: portalS + 60 } })
  })

  it('holds when the participant is not there, when the room ends, and at a resume', async () => {
    await rooms.join('binh')
    const old = { claims: { notBeforeS: 100 } }
    await expect(rooms.registry.removeParticipant('R', 'an', 200)).rejects.toThrow('does not exist')
    expect(() => rooms.enter('an', old)).toThrow('revoked')
    const an = await rooms.join('an', { claims: { notBeforeS: 200 } })
    // Everybody knows the sid of the one who came back with a new token.
    const claims = (notBeforeS: number) => rooms.claims('an', {}, { notBeforeS })
    expect(rooms.registry.resume(claims(100), an.participant.id, new RecordingLink())).toBeUndefined()
    expect(rooms.registry.resume(claims(200), an.participant.id, new RecordingLink())).toBeDefined()
    await rooms.registry.deleteRoom('R')
    await expect(rooms.registry.removeParticipant('R', 'chi', 200)).rejects.toThrow('does not exist')
    expect(() => rooms.enter('an', old)).toThrow('revoked')
    expect(() => rooms.enter('chi', old)).toThrow('revoked')
    await rooms.join('an', { ...old, video: { room: 'S' } })
  })

  it('refuses tokens from before the time it was given, not later ones, nor anybody else’s', async () => {
    const an = await rooms.join('an', { claims: { notBeforeS: 100 } })
    await rooms.registry.removeParticipant('R', 'an', 200)
    expect(an.participant.isClosed).toBe(true)
    expect(() => rooms.enter('an', { claims: { notBeforeS: 199 } })).toThrow('revoked')
    await rooms.join('an', { claims: { notBeforeS: 200 } })
    await rooms.join('binh', { claims: { notBeforeS: 100 } })
    await rooms.registry.removeParticipant('R', 'binh')
    await rooms.join('binh', { claims: { notBeforeS: 100 } })
  })
})

describe('the info of a participant', () => {
  it('shows what the token and the client say of it', async () => {
    const an = await rooms.join('an', {
      video: { canManageAgentSession: true },
      claims: { kind: 'connector', kindDetails: ['connector_twilio', 'something_new'] },
      query: { clientProtocol: 2, capabilities: ['CAP_PACKET_TRAILER', 'CAP_NEW'] },
    })
    expect(an.participant.info()).toMatchObject({
      kind: ParticipantInfo_Kind.CONNECTOR,
      kindDetails: [ParticipantInfo_KindDetail.CONNECTOR_TWILIO],
      clientProtocol: 2,
      capabilities: [ClientInfo_Capability.CAP_PACKET_TRAILER],
      permission: { canManageAgentSession: true },
    })
  })
})

describe('data of the API', () => {
  it('with a nonce heard a moment ago is not sent again', async () => {
    const an = await rooms.join('an')
    const packet = (nonce: number) =>
      new DataPacket({
        value: { case: 'user', value: new UserPacket({ nonce: new Uint8Array(16).fill(nonce) }) },
      })
    for (const nonce of [1, 1, 2, 1]) await rooms.registry.sendData('R', packet(nonce))
    expect(received(an)).toHaveLength(2)
    await wait(11_000)
    await rooms.registry.sendData('R', packet(1))
    expect(received(an)).toHaveLength(3)
  })
})

describe('a room made by joining', () => {
  it('is as the token’s roomConfig says, and is as it was for those who come later', async () => {
    const roomConfig = new RoomConfiguration({
      emptyTimeout: 11,
      departureTimeout: 12,
      maxParticipants: 1,
      metadata: 'm',
    })
    await rooms.join('an', { claims: { roomConfig } })
    const expected = { emptyTimeout: 11, departureTimeout: 12, maxParticipants: 1, metadata: 'm' }
    expect(rooms.registry.listRooms()[0]).toMatchObject(expected)
    expect(() => rooms.enter('binh', { claims: { roomConfig: new RoomConfiguration() } })).toThrow('full')
    // Recorders and agents are not counted and not kept out.
    await rooms.join('recorder', { video: { recorder: true, hidden: true } })
    await rooms.join('agent', { claims: { kind: 'agent' } })
    expect(rooms.registry.listRooms()[0]).toMatchObject(expected)
  })

  it('tells a connection that was given up before it was one', async () => {
    const { participant, room } = rooms.enter('an')
    room.leave(participant, 'client_left')
    await settle()
    expect(rooms.eventNames()).toEqual(['room_started', 'participant_connection_aborted'])
  })
})
