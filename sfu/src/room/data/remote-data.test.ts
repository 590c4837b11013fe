/** Data packets of one room over two and three nodes, with the links in memory and the media fake. */
import { DataPacket, MetricsBatch, RpcAck, RpcRequest, RpcResponse, SyncState } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import {
  type Client,
  RecordingLink,
  received,
  settle,
  userPacket,
} from '../../../test/room-support/test-room.ts'
import { type DataWord, decodeDataWord, encodeDataWord } from './data-word.ts'
import { RemoteData } from './remote-data.ts'

const say = (
  client: Client,
  text: string,
  rest: ConstructorParameters<typeof DataPacket>[0] = {},
  kind: 'reliable' | 'lossy' = 'reliable',
) => client.peer.listener.onData(kind, userPacket(text, rest))
const texts = (client: Client) =>
  received(client).map(({ packet }) =>
    packet.value.case === 'user' ? Buffer.from(packet.value.value.payload).toString() : packet.value.case,
  )

describe('data of a member on another node', () => {
  let east: TestNode
  let west: TestNode
  let north: TestNode
  let an: Client
  let binh: Client
  let chi: Client
  const all = () => deliver([east, west, north])
  beforeEach(async () => {
    east = new TestNode('ND_east')
    west = new TestNode('ND_west')
    north = new TestNode('ND_north')
    an = await east.rooms.join('an')
    binh = await west.rooms.join('binh')
    chi = await north.rooms.join('chi')
    await all()
  })
  afterEach(async () => {
    for (const node of [east, west, north]) await node.rooms.registry.close()
  })

  it('comes in its sender’s order with its sender’s name, to everybody but the sender', async () => {
    for (let n = 1; n <= 20; n += 1) say(an, `an ${n}`, { sequence: n })
    say(binh, 'binh 1', { sequence: 1 })
    say(an, 'lossy', {}, 'lossy')
    await all()
    const expected = Array.from({ length: 20 }, (_, i) => `an ${i + 1}`)
    expect(texts(binh).filter(text => text?.startsWith('an'))).toEqual(expected)
    expect(texts(chi).filter(text => text?.startsWith('an'))).toEqual(expected)
    expect(texts(an)).toEqual(['binh 1'])
    expect(received(chi).map(({ kind }) => kind)).toContain('lossy')
    expect(received(chi)[0]?.packet).toMatchObject({
      participantSid: an.participant.id,
      participantIdentity: 'an',
    })
  })

  it('goes to the nodes of those it is for, and to all when one of them is not known yet', async () => {
    say(an, 'for chi', { sequence: 1, destinationIdentities: ['chi'] })
    await settle()
    expect(nodesOf(east)).toEqual([['ND_north']])
    await all()
    expect(texts(chi)).toEqual(['for chi'])
    expect(texts(binh)).toEqual([])
    say(an, 'for two', { sequence: 2, destinationIdentities: ['chi', 'dung'] })
    await settle()
    expect(nodesOf(east)).toEqual(['all'])
    await all()
    const dung = await east.rooms.join('dung')
    say(an, 'for one here', { sequence: 3, destinationIdentities: ['dung'] })
    say(an, 'for both', { sequence: 4, destinationIdentities: ['dung', 'chi'] })
    await settle()
    expect(nodesOf(east)).toEqual([['ND_north']])
    expect(texts(dung)).toEqual(['for one here', 'for both'])
    await all()
    expect(texts(binh)).toEqual([])
  })

  it('is judged by the permissions of both: the sender’s on its node, the receiver’s on its own', async () => {
    an.participant.permission.canPublishData = false
    say(an, 'forbidden', { sequence: 1 })
    an.participant.permission.canPublishData = true
    const metrics = new DataPacket({ value: { case: 'metrics', value: new MetricsBatch() } })
    binh.participant.permission.canSubscribeMetrics = true
    an.peer.listener.onData('reliable', metrics.toBinary())
    await all()
    expect(texts(binh)).toEqual(['metrics'])
    expect(texts(chi)).toEqual([])
  })

  it('is sent again to who resumes on another node than the sender’s', async () => {
    say(an, 'an 1', { sequence: 1 })
    await all()
    binh.participant.handleLinkLost(binh.link)
    binh.room.resume('binh', binh.participant.id, new RecordingLink(), '')
    say(an, 'an 2', { sequence: 2 })
    await all()
    const had = [{ publisherSid: an.participant.id, lastSeq: 0 }]
    binh.room.data.sync(binh.participant, new SyncState({ datachannelReceiveStates: had }))
    await settle()
    expect(texts(binh)).toEqual(['an 1', 'an 1', 'an 2'])
  })

  it('calls a method of somebody there, which acknowledges and answers', async () => {
    const rpc = (client: Client, to: string, value: DataPacket['value'], sequence: number) => {
      const packet = new DataPacket({ value, destinationIdentities: [to], sequence })
      client.peer.listener.onData('reliable', packet.toBinary())
    }
    const request = new RpcRequest({ id: 'call', method: 'm', payload: 'p', version: 1 })
    rpc(an, 'chi', { case: 'rpcRequest', value: request }, 1)
    await all()
    expect(received(binh)).toEqual([])
    expect(received(chi)[0]?.packet).toMatchObject({
      participantIdentity: 'an',
      value: { case: 'rpcRequest', value: { id: 'call', method: 'm', payload: 'p' } },
    })
    rpc(chi, 'an', { case: 'rpcAck', value: new RpcAck({ requestId: 'call' }) }, 1)
    const answer = new RpcResponse({ requestId: 'call', value: { case: 'payload', value: 'r' } })
    rpc(chi, 'an', { case: 'rpcResponse', value: answer }, 2)
    await settle()
    expect(nodesOf(north)).toEqual([['ND_east'], ['ND_east']])
    await all()
    expect(texts(an)).toEqual(['rpcAck', 'rpcResponse'])
    expect(texts(binh)).toEqual([])
  })

  it('answers a call of the API at the node of whom it is for', async () => {
    const call = west.rooms.registry.performRpc('R', 'binh', { method: 'm', payload: '', timeoutMs: 0 })
    await settle()
    const { packet } = received(binh)[0]!
    const { id } = packet.value.value as RpcRequest
    const answer = new RpcResponse({ requestId: id, value: { case: 'payload', value: 'r' } })
    const value: DataPacket['value'] = { case: 'rpcResponse', value: answer }
    // Nobody answers for another, from wherever.
    const forged = new DataPacket({ value, destinationIdentities: [id] })
    an.peer.listener.onData('reliable', forged.toBinary())
    await all()
    binh.peer.listener.onData('reliable', new DataPacket({ value, destinationIdentities: [id] }).toBinary())
    expect(await call).toBe('r')
    const late = west.rooms.registry.performRpc('R', 'binh', { method: 'm', payload: '', timeoutMs: 0 })
    const gone = expect(late).rejects.toMatchObject({ code: 'unavailable' })
    // He is on another node by now.
    const again = await north.rooms.join('binh')
    await all()
    await gone
    expect(again.participant.isClosed).toBe(false)
  })

  it('of the API reaches all nodes once', async () => {
    await east.rooms.registry.sendData('R', DataPacket.fromBinary(userPacket('from above')))
    await all()
    for (const client of [an, binh, chi]) expect(texts(client)).toEqual(['from above'])
  })

  it('does not come after the news that its sender has left', async () => {
    const order: string[] = []
    const { remote } = west.shared.get('R')!.data
    const flush = vi.spyOn(remote, 'flush').mockImplementation(() => void order.push('data'))
    const left = vi
      .spyOn(binh.participant.backlog, 'sendUpdates')
      .mockImplementation(() => void order.push('list'))
    an.room.leave(an.participant, 'client_left')
    await all()
    expect(order).toEqual(['data', 'list'])
    expect(flush).toHaveBeenCalledWith(an.participant.id)
    expect(left).toHaveBeenCalledTimes(1)
    expect(west.shared.get('R')!.remote.get('an')).toBeUndefined()
  })
})

/** To which nodes what was said is to go. */
const nodesOf = (node: TestNode) =>
  node.outbox.flatMap(({ word }) => ('data' in word ? [word.nodes ? [...word.nodes] : 'all'] : []))

describe('a packet whose sender’s facts are not here yet', () => {
  const versions = new Map<string, number>()
  const delivered: string[] = []
  let data: RemoteData
  const word = (text: string, version: number, participantId = 'PA_an', bytes = 0): DataWord => ({
    kind: 'reliable',
    from: { participantId, version },
    outgoing: {
      payload: Buffer.concat([Buffer.from(text), Buffer.alloc(bytes)]),
      senderSid: participantId,
      sequence: 1,
      destinations: undefined,
      isMetrics: false,
    },
  })
  beforeEach(() => {
    vi.useFakeTimers()
    versions.clear()
    delivered.length = 0
    data = new RemoteData(
      sid => versions.get(sid),
      ({ outgoing }) => void delivered.push(Buffer.from(outgoing.payload.subarray(0, 3)).toString()),
    )
  })
  afterEach(() => {
    data.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('waits for them with all that comes behind it from that sender, and nobody else’s', () => {
    versions.set('PA_an', 2)
    data.take(word('an1', 2))
    data.take(word('an2', 4))
    data.take(word('an3', 2))
    data.take(word('bin', 1, 'PA_binh'))
    versions.set('PA_chi', 9)
    data.take(word('chi', 9, 'PA_chi'))
    expect(delivered).toEqual(['an1', 'chi'])
    versions.set('PA_an', 3)
    data.told('PA_an')
    expect(delivered).toEqual(['an1', 'chi'])
    versions.set('PA_an', 5)
    data.told('PA_an')
    expect(delivered).toEqual(['an1', 'chi', 'an2', 'an3'])
    data.take(word('an4', 5))
    expect(delivered.at(-1)).toBe('an4')
    data.flush('PA_binh')
    expect(delivered.at(-1)).toBe('bin')
  })

  it('goes out as it is after a second, in order, and what waits is bounded', () => {
    data.take(word('an1', 1))
    vi.advanceTimersByTime(900)
    data.take(word('an2', 1))
    expect(delivered).toEqual([])
    vi.advanceTimersByTime(100)
    expect(delivered).toEqual(['an1', 'an2'])
    data.take(word('an3', 1, 'PA_an', 3 * 1024 * 1024))
    data.take(word('an4', 1, 'PA_an', 3 * 1024 * 1024))
    expect(delivered).toEqual(['an1', 'an2', 'an3', 'an4'])
  })
})

describe('a packet between nodes', () => {
  const full: DataWord = {
    kind: 'lossy',
    from: { participantId: 'PA_1', version: 7 },
    outgoing: {
      payload: Buffer.from([0, 1, 2, 255]),
      senderSid: 'PA_1',
      sequence: 12,
      destinations: { identities: new Set(['ân']), sids: new Set(['PA_2']) },
      isMetrics: true,
    },
  }
  it('is the same afterwards', () => {
    expect(decodeDataWord(encodeDataWord(full))).toEqual(full)
    const bare: DataWord = {
      kind: 'reliable',
      from: undefined,
      outgoing: { ...full.outgoing, destinations: undefined, payload: Buffer.alloc(0) },
    }
    expect(decodeDataWord(encodeDataWord(bare))).toEqual(bare)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a header longer than it is', Buffer.from([255, 255, 255, 255, 1])],
    ['a header that is none', Buffer.from('\0\0\0\x02{}')],
    ['text', Buffer.from('GET / HTTP/1.1')],
  ])('is refused when it is %s', (_what, bytes) => {
    expect(() => decodeDataWord(bytes)).toThrow('no data packet')
  })
})
