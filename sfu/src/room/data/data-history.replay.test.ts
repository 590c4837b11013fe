/** Data packets through a room on fake media: what a resumed client is sent again, who is cut off, who may say what. */
import {
  ChatMessage,
  DataPacket,
  DisconnectReason,
  LeaveRequest_Action,
  MetricsBatch,
  SyncState,
  Transcription,
} from '@livekit/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type Client,
  RecordingLink,
  received,
  settle,
  TestRooms,
  userPacket,
} from '../../../test/room-support/test-room.ts'

let rooms: TestRooms
afterEach(() => rooms.registry.close())

const say = (client: Client, text: string, rest: ConstructorParameters<typeof DataPacket>[0] = {}) =>
  client.peer.listener.onData('reliable', userPacket(text, rest))
const texts = (client: Client) =>
  received(client).map(({ packet }) =>
    packet.value.case === 'user' ? Buffer.from(packet.value.value.payload).toString() : packet.value.case,
  )

/** The client's socket is cut, and it comes back on a new one. */
function resume(client: Client): RecordingLink {
  client.participant.handleLinkLost(client.link)
  const link = new RecordingLink()
  client.room.resume(client.participant.identity, client.participant.id, link, '')
  return link
}
const sync = (client: Client, had: Record<string, number>) =>
  client.room.data.sync(
    client.participant,
    new SyncState({
      datachannelReceiveStates: Object.entries(had).map(([publisherSid, lastSeq]) => ({
        publisherSid,
        lastSeq,
      })),
    }),
  )

describe('a client that resumes', () => {
  it('is sent nothing again when it would take it twice, as the Rust core does', async () => {
    rooms = new TestRooms()
    const an = await rooms.join('an')
    const rust = await rooms.join('rust', { query: { sdk: 'node' } })
    say(an, 'an 1', { sequence: 1 })
    say(an, 'an 2', { sequence: 2 })
    resume(rust)
    say(an, 'an 3', { sequence: 3 })
    sync(rust, { [an.participant.id]: 1 })
    await settle()
    expect(texts(rust)).toEqual(['an 1', 'an 2', 'an 3'])
  })

  it('is sent again what it missed, in order, then what has come since, each once', async () => {
    rooms = new TestRooms()
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    for (let i = 1; i <= 3; i++) say(an, `an ${i}`, { sequence: i })
    say(chi, 'chi 1', { sequence: 1 })
    say(an, 'an 4, not for binh', { sequence: 4, destinationIdentities: ['chi'] })
    say(an, 'an 5', { sequence: 5 })
    say(binh, 'his own', { sequence: 1 })
    say(an, 'without a number')
    binh.peer.sent.length = 0
    resume(binh)
    // On the way while the client has not said what it had: it must not come before what was missed.
    say(an, 'an 6', { sequence: 6 })
    expect(texts(binh)).toEqual([])
    sync(binh, { [an.participant.id]: 2, [chi.participant.id]: 0, [binh.participant.id]: 0 })
    say(an, 'an 7', { sequence: 7 })
    expect(texts(binh)).toEqual(['an 3', 'chi 1', 'an 5', 'an 6', 'an 7'])
    expect(texts(chi)).toHaveLength(9)
  })

  it('is sent again what it missed also when dates have leapt meanwhile', async () => {
    rooms = new TestRooms()
    rooms.renew({}, { elapsed: () => 0 })
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    say(an, 'missed', { sequence: 1 })
    binh.peer.sent.length = 0
    rooms.advanceMs(3_600_000)
    say(an, 'missed, too', { sequence: 2 })
    binh.peer.sent.length = 0
    resume(binh)
    sync(binh, { [an.participant.id]: 0 })
    expect(texts(binh)).toEqual(['missed', 'missed, too'])
  })

  it('gets nothing from before it joined, whatever it says it had', async () => {
    rooms = new TestRooms()
    const [an] = [await rooms.join('an')]
    say(an, 'in private', { sequence: 1 })
    rooms.advanceMs(5)
    const late = await rooms.join('late')
    say(an, 'to all', { sequence: 2 })
    late.peer.sent.length = 0
    resume(late)
    sync(late, { [an.participant.id]: 0 })
    expect(texts(late)).toEqual(['to all'])
  })

  it('has nothing sent again of publishers it does not name, and without a resume nothing at all', async () => {
    rooms = new TestRooms()
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    say(an, 'an 1', { sequence: 1 })
    sync(binh, { [an.participant.id]: 0 })
    expect(texts(binh)).toEqual(['an 1'])
    resume(binh)
    sync(binh, {})
    say(an, 'an 2', { sequence: 2 })
    expect(texts(binh)).toEqual(['an 1', 'an 2'])
  })

  it('that never says what it had goes on after a while, and one whose data is lost is told after a moment', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      rooms = new TestRooms({ dataSyncWaitMs: 1_000, dataLossGraceMs: 100 })
      const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
      resume(binh)
      say(an, 'an 1', { sequence: 1 })
      await vi.advanceTimersByTimeAsync(999)
      expect(texts(binh)).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(texts(binh)).toEqual(['an 1'])
      binh.peer.listener.onDataLost('more than so many bytes wait')
      await vi.advanceTimersByTimeAsync(99)
      expect(binh.participant.isClosed).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      expect(binh.participant.isClosed).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is told the last number it had sent, and what it sends again is not taken twice', async () => {
    rooms = new TestRooms()
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    for (let i = 1; i <= 3; i++) say(an, `${i}`, { sequence: i })
    expect(resume(an).last('reconnect').lastMessageSeq).toBe(3)
    for (let i = 2; i <= 5; i++) say(an, `${i}`, { sequence: i })
    expect(texts(binh)).toEqual(['1', '2', '3', '4', '5'])
  })
})

describe('a receiver', () => {
  it('that does not keep up is told to reconnect, alone', async () => {
    rooms = new TestRooms({ dataQueueBytes: 10_000, dataLossGraceMs: 0 })
    const [an, binh, chi] = [await rooms.join('an'), await rooms.join('binh'), await rooms.join('chi')]
    expect(binh.peer.options.reliableQueueBytes).toBe(10_000)
    binh.peer.areChannelsOpen = false
    for (let i = 1; i <= 20; i++) say(an, 'x'.repeat(1_000), { sequence: i })
    await vi.waitFor(() => expect(binh.participant.isClosed).toBe(true))
    expect(binh.link.last('leave')).toMatchObject({
      reason: DisconnectReason.STATE_MISMATCH,
      action: LeaveRequest_Action.RECONNECT,
    })
    expect(texts(chi)).toHaveLength(20)
    // The media side says so when its own queue is the one that is full.
    chi.peer.listener.onDataLost('more than so many bytes wait')
    await vi.waitFor(() => expect(chi.participant.isClosed).toBe(true))
    expect(chi.link.last('leave').reason).toBe(DisconnectReason.STATE_MISMATCH)
    expect(an.participant.isClosed).toBe(false)
  })

  it('does not suffer from a flood: its sender is told to reconnect', async () => {
    rooms = new TestRooms({ dataPacketsPerS: 1, dataPacketBurst: 10, dataInletBytes: 20_000 })
    const [an, binh] = [await rooms.join('an'), await rooms.join('binh')]
    for (let i = 1; i <= 200; i++) say(an, 'x'.repeat(1_000), { sequence: i })
    await settle()
    expect(an.link.last('leave')).toMatchObject({ action: LeaveRequest_Action.RECONNECT })
    expect(texts(binh)).toHaveLength(10)
    expect(binh.participant.isClosed).toBe(false)
  })

  it('of metrics has the permission', async () => {
    rooms = new TestRooms()
    const an = await rooms.join('an')
    const binh = await rooms.join('binh')
    const meter = await rooms.join('meter', { video: { canSubscribeMetrics: true } })
    const value = new MetricsBatch({ timestampMs: 5n, strData: ['x'] })
    an.peer.listener.onData('reliable', new DataPacket({ value: { case: 'metrics', value } }).toBinary())
    expect(texts(binh)).toEqual([])
    expect(texts(meter)).toEqual(['metrics'])
  })
})

describe('an agent', () => {
  const transcription = () =>
    new DataPacket({
      value: {
        case: 'transcription',
        value: new Transcription({ transcribedParticipantIdentity: 'an', trackId: 'TR_x' }),
      },
    }).toBinary()
  const chat = () =>
    new DataPacket({
      participantIdentity: 'an',
      value: { case: 'chatMessage', value: new ChatMessage({ id: '1', message: 'hello' }) },
    }).toBinary()

  it('transcribes and writes in the name of others, marked as generated; nobody else does', async () => {
    rooms = new TestRooms()
    const an = await rooms.join('an')
    const binh = await rooms.join('binh')
    const agent = await rooms.join('agent', { claims: { kind: 'agent' } })
    for (const packet of [transcription(), chat()]) {
      binh.peer.listener.onData('reliable', packet)
      agent.peer.listener.onData('reliable', packet)
    }
    expect(received(an).map(({ packet }) => [packet.value.case, packet.participantIdentity])).toEqual([
      ['transcription', 'agent'],
      ['chatMessage', 'binh'],
      ['chatMessage', 'an'],
    ])
    const written = received(an).flatMap(({ packet }) =>
      packet.value.case === 'chatMessage' ? [packet.value.value.generated] : [],
    )
    expect(written).toEqual([false, true])
  })
})

describe('the info of a participant', () => {
  it('tells what its client may use among clients', async () => {
    rooms = new TestRooms()
    await rooms.join('an', {
      query: { clientProtocol: 2, capabilities: ['CAP_COMPRESSION_DEFLATE_RAW', 'CAP_UNHEARD_OF'] },
    })
    const binh = await rooms.join('binh')
    const info = binh.link.last('join').otherParticipants[0]
    expect(info).toMatchObject({ clientProtocol: 2, capabilities: [2] })
  })
})
