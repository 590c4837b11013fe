/** Data between clients of all nodes, and from the API. */
import { RpcError } from '@livekit/rtc-node'
import { AccessToken, DataPacket_Kind } from 'livekit-server-sdk'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { NativePeer } from '../../../../testing/native-peer.ts'
import type { SfuAccess } from '../../../../testing/sfu-access.ts'
import { data, expectHeard, heard } from '../../room-support/data-lab.ts'
import type { Ground } from '../ground.ts'

const LONG = 'Uỷ ban nhân dân '.repeat(4_000)

const knowsAll = (peers: NativePeer[]) =>
  Promise.all(
    peers.map(peer =>
      eventually(() => (peer.room.remoteParticipants.size === peers.length - 1 ? null : 'not all are known')),
    ),
  )
const textsFrom = (peer: NativePeer, identity: string) =>
  peer.data.filter(({ from, reliable }) => reliable && from === identity).map(({ text }) => text)

/** The stock client of the server SDK has no method for it yet. */
async function performRpc(node: SfuAccess, room: string, method: string): Promise<unknown> {
  const token = new AccessToken(node.apiKey, node.apiSecret)
  token.addGrant({ roomAdmin: true, room })
  const answer = await fetch(`${node.url}/twirp/livekit.RoomService/PerformRpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token.toJwt()}` },
    body: JSON.stringify({ room, destination_identity: 'an', method, payload: 'chào' }),
  })
  return await answer.json()
}

export function dataBetween(ground: () => Ground): void {
  it('thousands of reliable messages of several senders arrive once and in each sender’s order', async () => {
    const room = ground().newRoom()
    const identities = ['an', 'binh', 'chi']
    const peers = await Promise.all(identities.map(identity => ground().join(room, identity)))
    await knowsAll(peers)
    const COUNT = 1_500
    const numbers = Array.from({ length: COUNT }, (_, n) => `n${n}`)
    await Promise.all(
      peers.map(async peer => {
        for (const text of numbers) await peer.send(text, { reliable: true, topic: 'count' })
      }),
    )
    for (const receiver of peers)
      for (const sender of identities) {
        if (sender === receiver.room.localParticipant?.identity) continue
        await eventually(() => {
          const { length } = textsFrom(receiver, sender)
          return length >= COUNT ? null : `${length} of ${COUNT} of ${sender}`
        }, 60_000)
        expect(textsFrom(receiver, sender)).toEqual(numbers)
      }
    expect(peers[0]?.data.every(({ topic }) => topic === 'count')).toBe(true)
  })

  it('only those get a message whom it is for; lossy ones keep their kind and topic', async () => {
    const room = ground().newRoom()
    const peers = await Promise.all(['an', 'binh', 'chi'].map(identity => ground().join(room, identity)))
    const [an, binh, chi] = peers as [NativePeer, NativePeer, NativePeer]
    await knowsAll(peers)
    await an.send('for binh', { reliable: true, to: ['binh'], topic: 'one' })
    await an.send('for both', { reliable: true, to: ['binh', 'chi'] })
    await an.send('for nobody', { reliable: true, to: ['dung'] })
    await an.send('for all', { reliable: true })
    for (const peer of [binh, chi])
      await eventually(() => (textsFrom(peer, 'an').includes('for all') ? null : 'the last has not come'))
    expect(textsFrom(binh, 'an')).toEqual(['for binh', 'for both', 'for all'])
    expect(textsFrom(chi, 'an')).toEqual(['for both', 'for all'])
    expect(binh.data[0]).toEqual({ from: 'an', text: 'for binh', topic: 'one', reliable: true })
    // A lossy message may be lost: it is said until it is heard.
    for (const receiver of [an, chi])
      await eventually(async () => {
        await binh.send('lossy', { reliable: false, topic: 'pointer' })
        const isThere = receiver.data.some(
          ({ from, text, topic, reliable }) =>
            from === 'binh' && text === 'lossy' && topic === 'pointer' && !reliable,
        )
        return isThere ? null : 'nothing lossy came'
      })
  })

  it('data of the API at every node reaches all, or those it names, in the order of that node', async () => {
    const room = ground().newRoom()
    const peers = await Promise.all(['an', 'binh', 'chi'].map(identity => ground().join(room, identity)))
    const [an, binh, chi] = peers as [NativePeer, NativePeer, NativePeer]
    const say = (at: number, text: string, options = {}) =>
      ground().api(at).sendData(room, new TextEncoder().encode(text), DataPacket_Kind.RELIABLE, options)
    const sids = await ground().everywhere(async api => (await api.getParticipant(room, 'chi')).sid)
    for (let at = 0; at < ground().nodes.length; at++) {
      await say(at, `all ${at}`, { topic: 'floor' })
      await say(at, `named ${at}`, { destinationIdentities: ['binh'] })
      await say(at, `by sid ${at}`, { destinationSids: [sids[at]] })
    }
    const wanted = (...words: string[]) =>
      ground()
        .nodes.flatMap((_, at) => words.map(word => `${word} ${at}`))
        .sort()
    for (const [peer, words] of [
      [an, wanted('all')],
      [binh, wanted('all', 'named')],
      [chi, wanted('all', 'by sid')],
    ] as const)
      await eventually(() => {
        const texts = peer.data.map(({ text }) => text).sort()
        return texts.join() === words.join() ? null : `has ${texts.join()}`
      })
    expect(an.data[0]).toMatchObject({ from: '', topic: 'floor', reliable: true })
  })

  it('clients call each other’s methods, and the API calls them at any node', async () => {
    const room = ground().newRoom()
    const [an, binh] = [await ground().join(room, 'an'), await ground().join(room, 'binh')]
    await knowsAll([an, binh])
    for (const { room: own } of [an, binh]) {
      own.localParticipant?.registerRpcMethod(
        'backwards',
        async ({ payload, callerIdentity }) => `${[...payload].reverse().join('')} ${callerIdentity}`,
      )
      own.localParticipant?.registerRpcMethod('fail', async () => {
        throw new RpcError(1_999, 'on purpose')
      })
    }
    const call = (from: NativePeer, to: string, method: string, payload: string) =>
      from.room.localParticipant!.performRpc({ destinationIdentity: to, method, payload })
    expect(await call(an, 'binh', 'backwards', 'xin chào')).toBe('oàhc nix an')
    expect(await call(binh, 'an', 'backwards', 'x'.repeat(12_000))).toBe(`${'x'.repeat(12_000)} binh`)
    await expect(call(an, 'binh', 'fail', '')).rejects.toThrow(/on purpose/)
    await expect(call(an, 'binh', 'dance', '')).rejects.toThrow(/not supported/i)
    for (const node of ground().nodes) {
      expect(await performRpc(node, room, 'backwards')).toMatchObject({
        payload: expect.stringMatching(/^oàhc/),
      })
      expect(await performRpc(node, room, 'dance')).toMatchObject({
        code: 'invalid_argument',
        msg: expect.stringContaining('RpcError 1400'),
      })
    }
  })

  it('texts, files and data tracks pass between browsers of different nodes', async () => {
    const room = ground().newRoom()
    const [an, binh, chi] = [
      await ground().page(room, 'an'),
      await ground().page(room, 'binh'),
      await ground().page(room, 'chi'),
    ]
    await data(an).sendText(LONG)
    await data(an).streamText(['one ', 'two ', 'three'])
    await data(an).sendText('for chi only', ['chi'])
    const file = await data(an).sendFile('minutes.pdf', 500_000)
    for (const client of [binh, chi]) await expectHeard(client, 'bytes', [`an: ${file}`])
    await expectHeard(binh, 'text', [`an: ${LONG}`, 'an: one two three'])
    await expectHeard(chi, 'text', [`an: ${LONG}`, 'an: one two three', 'an: for chi only'])

    await data(an).sayOnOwnChannel('counter', 'raw 17')
    for (const client of [binh, chi])
      await eventually(async () => {
        const said = await client.data()
        return said.some(({ from, text }) => from === 'an' && text === 'raw 17')
          ? null
          : `not among ${JSON.stringify(said)}`
      })

    const sid = await data(an).publishTrack('position')
    expect(sid).toMatch(/^DTR_/)
    const expectFrame = async (text: string, size = 0) => {
      const wanted = `an/position: ${text} ${Math.max(size, text.length)} 42`
      // Frames are lossy: one is said until it is heard.
      await eventually(
        async () => {
          await data(an).push('position', text, size)
          const frames = await heard(binh, 'frame')
          return frames.includes(wanted) ? null : `not among ${frames.length} frames: ${wanted}`
        },
        30_000,
        200,
      )
    }
    await expectHeard(binh, 'trackPublished', ['an: position'])
    await data(binh).readTrack('an', 'position')
    await expectFrame('x=1')
    await expectFrame('large', 50_000)
    expect(await heard(chi, 'frame')).toEqual([])
    const late = await ground().page(room, 'late')
    await data(late).readTrack('an', 'position')
    await data(an).unpublishTrack('position')
    for (const client of [binh, late]) await expectHeard(client, 'trackUnpublished', [`: ${sid}`])
  })
}
