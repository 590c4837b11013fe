/** Who is in a room, as everybody sees it: the others, and the API at every node. */
import { isDeepStrictEqual } from 'node:util'
import { DisconnectReason, RoomEvent } from '@livekit/rtc-node'
import { ParticipantInfo_State } from 'livekit-server-sdk'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { NativePeer } from '../../../../testing/native-peer.ts'
import type { Ground } from '../ground.ts'

interface Facts {
  name?: string | undefined
  metadata: string
  attributes: Record<string, string>
}

const others = (peer: NativePeer) => [...peer.room.remoteParticipants.keys()].sort()

const expectOthers = (peer: NativePeer, identities: string[]) =>
  eventually(() => {
    const seen = others(peer).join()
    return seen === [...identities].sort().join() ? null : `sees ${seen || 'nobody'}`
  })

export function presence(ground: () => Ground): void {
  it('clients of every node see each other as their tokens describe them, and see who leaves', async () => {
    const room = ground().newRoom()
    const facts = { name: 'Hội trường An', metadata: 'm', attributes: { role: 'chair' } }
    const [an, binh, chi] = await Promise.all([
      ground().join(room, 'an', facts),
      ground().join(room, 'binh'),
      ground().join(room, 'chi'),
    ])
    await ground().join(room, 'ghost', { hidden: true })
    // What these scenarios are about: each node serves some of them.
    for (const count of await ground().connected()) expect(count).toBeGreaterThan(0)
    await Promise.all([
      expectOthers(an, ['binh', 'chi']),
      expectOthers(binh, ['an', 'chi']),
      expectOthers(chi, ['an', 'binh']),
    ])
    for (const viewer of [binh, chi]) {
      const seen = viewer.room.remoteParticipants.get('an')
      expect({ name: seen?.name, metadata: seen?.metadata, attributes: seen?.attributes }).toEqual(facts)
      expect(seen?.sid).toBe(an.room.localParticipant?.sid)
    }
    // Of all clients only the API sees who is hidden.
    const lists = await ground().expectListed(room, ['an', 'binh', 'chi', 'ghost'])
    for (const list of lists) expect(list.find(({ identity }) => identity === 'an')).toMatchObject(facts)
    const rooms = await ground().everywhere(api => api.listRooms([room]))
    expect(new Set(rooms.flat().map(({ sid }) => sid)).size).toBe(1)
    for (const [found] of rooms) expect(found?.numParticipants).toBe(3)

    await binh.leave()
    await Promise.all([expectOthers(an, ['chi']), expectOthers(chi, ['an'])])
    await ground().expectListed(room, ['an', 'chi', 'ghost'])
  })

  it('its own and the API’s changes of a participant, and of the room, are seen at every node', async () => {
    const room = ground().newRoom()
    const an = await ground().join(room, 'an', {
      canUpdateOwnMetadata: true,
      attributes: { keep: '1', drop: '1' },
    })
    const viewers = await Promise.all([ground().join(room, 'binh'), ground().join(room, 'chi')])
    const differs = (found: Facts | undefined, wanted: Partial<Facts>) => {
      const { name, metadata, attributes } = found ?? {}
      const facts = { name, metadata, attributes: { ...attributes } }
      return isDeepStrictEqual(facts, { ...facts, ...wanted }) ? null : JSON.stringify(facts)
    }
    const expectSeen = (wanted: Partial<Facts>) =>
      Promise.all([
        ...viewers.map(viewer => eventually(() => differs(viewer.room.remoteParticipants.get('an'), wanted))),
        eventually(async () => {
          const infos = await ground().everywhere(api => api.getParticipant(room, 'an'))
          return infos.map(info => differs(info, wanted)).find(difference => difference !== null)
        }),
      ])
    await an.room.localParticipant?.updateMetadata('xã Bình An')
    await an.room.localParticipant?.setAttributes({ seat: '4' })
    await expectSeen({ metadata: 'xã Bình An', attributes: { keep: '1', drop: '1', seat: '4' } })

    const changed = await ground()
      .api(1)
      .updateParticipant(room, 'an', { name: 'Nguyễn Văn An', attributes: { drop: '', hand: 'up' } })
    expect(changed).toMatchObject({ name: 'Nguyễn Văn An', attributes: { keep: '1', seat: '4', hand: 'up' } })
    await expectSeen({ name: 'Nguyễn Văn An', attributes: { keep: '1', seat: '4', hand: 'up' } })
    expect((await ground().api(2).updateRoomMetadata(room, '{"agenda":2}')).metadata).toBe('{"agenda":2}')
    for (const peer of [an, ...viewers])
      await eventually(() =>
        peer.room.metadata === '{"agenda":2}' ? null : `metadata ${peer.room.metadata}`,
      )
    await eventually(async () => {
      const rooms = (await ground().everywhere(api => api.listRooms([room]))).flat()
      const old = rooms.filter(({ metadata }) => metadata !== '{"agenda":2}')
      return rooms.length === ground().nodes.length && old.length === 0
        ? null
        : `${old.length} of ${rooms.length} are old`
    })
  })

  it('what the API has acknowledged at one node it says at every node from then on', async () => {
    const room = ground().newRoom()
    await Promise.all(['an', 'binh', 'chi'].map(identity => ground().join(room, identity)))
    await ground().expectListed(room, ['an', 'binh', 'chi'])
    for (let at = 0; at < 12; at++) {
      const metadata = `said at ${at}`
      await ground().api(at).updateParticipant(room, 'an', { metadata })
      const [infos, lists] = await Promise.all([
        ground().everywhere(api => api.getParticipant(room, 'an')),
        ground().everywhere(api => api.listParticipants(room)),
      ])
      const listed = lists.map(list => list.find(({ identity }) => identity === 'an'))
      expect([...infos, ...listed].map(info => info?.metadata)).toEqual(
        ground().nodes.flatMap(() => [metadata, metadata]),
      )
    }
    await ground().api(1).removeParticipant(room, 'chi')
    for (const list of await ground().everywhere(api => api.listParticipants(room)))
      expect(list.map(({ identity }) => identity).sort()).toEqual(['an', 'binh'])
  })

  it('an identity that comes again by another node replaces itself, once and for all', async () => {
    const room = ground().newRoom()
    const viewer = await ground().join(room, 'viewer', {}, { at: 2 })
    const first = await ground().join(room, 'an', {}, { at: 0 })
    await expectOthers(viewer, ['an'])
    const sids = new Set([first.room.localParticipant?.sid])
    let came = 0
    viewer.room.on(RoomEvent.ParticipantConnected, () => came++)
    const second = await ground().join(room, 'an', {}, { at: 1 })
    sids.add(second.room.localParticipant?.sid)
    await eventually(() =>
      first.disconnectedBy === DisconnectReason.DUPLICATE_IDENTITY
        ? null
        : `the first: ${first.disconnectedBy}`,
    )
    expect(sids.size).toBe(2)
    await eventually(() => {
      const seen = viewer.room.remoteParticipants.get('an')?.sid
      return seen === second.room.localParticipant?.sid ? null : `sees ${seen}`
    })
    expect(came).toBe(1)
    const lists = await ground().expectListed(room, ['an', 'viewer'])
    for (const list of lists)
      expect(list.find(({ identity }) => identity === 'an')?.sid).toBe(second.room.localParticipant?.sid)
    expect(second.room.isConnected).toBe(true)
  })

  it('ten who ask for five seats at once by all nodes get five; a seat that is left is free at every node', async () => {
    const room = ground().newRoom()
    await ground().api(0).createRoom({ name: room, maxParticipants: 5, emptyTimeout: 60 })
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) => ground().join(room, `seat-${at}`, {}, { at })),
    )
    const seated = tries.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    expect(seated).toHaveLength(5)
    await ground().expectListed(
      room,
      seated.map(peer => peer.room.localParticipant!.identity),
    )
    for (let at = 0; at < ground().nodes.length; at++)
      await expect(ground().join(room, 'late', {}, { at })).rejects.toThrow()
    // Nobody has to leave for somebody who comes back to his own seat.
    const [again] = seated
    const identity = again!.room.localParticipant!.identity
    const back = await ground().join(room, identity, {}, { at: Number(identity.at(-1)) + 1 })
    await eventually(() =>
      again!.disconnectedBy === DisconnectReason.DUPLICATE_IDENTITY ? null : 'not replaced',
    )
    await back.leave()
    await ground().expectListed(
      room,
      seated.slice(1).map(peer => peer.room.localParticipant!.identity),
    )
    const late = await ground().join(room, 'late', {}, { at: 2 })
    expect(late.room.isConnected).toBe(true)
  })

  it('who is removed at another node is told so; the token is refused at every node, a newer one is not', async () => {
    const room = ground().newRoom()
    const [an, binh] = [await ground().join(room, 'an'), await ground().join(room, 'binh')]
    await expectOthers(binh, ['an'])
    // Ahead of the clock, so that the tokens made below are from before it.
    await ground()
      .api(1)
      .removeParticipant(room, 'an', { revokeTokenTs: BigInt(Math.floor(Date.now() / 1000) + 60) })
    await eventually(() =>
      an.disconnectedBy === DisconnectReason.PARTICIPANT_REMOVED
        ? null
        : `disconnected by ${an.disconnectedBy}`,
    )
    await expectOthers(binh, [])
    await ground().expectListed(room, ['binh'])
    for (let at = 0; at < ground().nodes.length; at++)
      await expect(ground().join(room, 'an', {}, { at })).rejects.toThrow()
    await ground().api(0).removeParticipant(room, 'binh')
    await eventually(() =>
      binh.disconnectedBy === DisconnectReason.PARTICIPANT_REMOVED ? null : 'still there',
    )
    const back = await ground().join(room, 'binh', {}, { at: 2 })
    await ground().expectListed(room, ['binh'])
    for (const info of await ground().everywhere(api => api.getParticipant(room, 'binh')))
      expect(info).toMatchObject({
        sid: back.room.localParticipant?.sid,
        state: ParticipantInfo_State.ACTIVE,
      })
  })
}
