/** Lost connections: a resume at the same node, a resume that comes by another one, a full reconnect at another one. */
import { ConnectionState, RoomEvent, SimulateScenarioKind } from '@livekit/rtc-node'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { NativePeer } from '../../../../testing/native-peer.ts'
import { EntryPoint } from '../entry-point.ts'
import type { Ground } from '../ground.ts'
import { expectHeardLoud, expectSeen } from './media.ts'

const sidOf = (peer: NativePeer) => peer.room.localParticipant?.sid

const expectConnected = (peer: NativePeer) =>
  eventually(() => {
    const { connectionState } = peer.room
    return connectionState === ConnectionState.CONN_CONNECTED ? null : `it is ${connectionState}`
  }, 30_000)

export function reconnects(ground: () => Ground): void {
  it('a client that resumes is the same to all, and has missed nothing that clients of other nodes said', async () => {
    const room = ground().newRoom()
    const entry = await EntryPoint.create(ground().nodes)
    try {
      const an = await ground().join(room, 'an', {}, { at: 0, url: entry.wsUrl })
      const others = [await ground().join(room, 'binh'), await ground().join(room, 'chi')]
      let leaves = 0
      for (const other of others) other.room.on(RoomEvent.ParticipantDisconnected, () => leaves++)
      const [camera] = await Promise.all([an.publishCamera(), others[0]!.publishMicrophone()])
      await Promise.all([...others.map(other => expectSeen(other, 'an')), expectHeardLoud(an, 'binh')])
      const sid = sidOf(an)
      let resumes = 0
      an.room.on(RoomEvent.Reconnected, () => resumes++)
      entry.dropAll()
      for (let n = 0; n < 30; n++) await others[n % 2]!.send(`n${n}`, { reliable: true })
      await ground().api(1).updateRoomMetadata(room, 'changed meanwhile')
      await eventually(() => (resumes > 0 ? null : 'it has not resumed'), 30_000)
      await eventually(() => (an.data.length === 30 ? null : `${an.data.length} of 30 messages`))
      for (const [i, identity] of ['binh', 'chi'].entries())
        expect(an.data.filter(({ from }) => from === identity).map(({ text }) => text)).toEqual(
          Array.from({ length: 15 }, (_, n) => `n${2 * n + i}`),
        )
      await eventually(() =>
        an.room.metadata === 'changed meanwhile' ? null : `metadata ${an.room.metadata}`,
      )
      await Promise.all([...others.map(other => expectSeen(other, 'an')), expectHeardLoud(an, 'binh')])
      expect(sidOf(an)).toBe(sid)
      expect(leaves).toBe(0)
      const lists = await ground().expectListed(room, ['an', 'binh', 'chi'])
      for (const list of lists)
        expect(list.find(({ identity }) => identity === 'an')).toMatchObject({
          sid,
          tracks: [{ sid: camera }],
        })
    } finally {
      await entry.close()
    }
  })

  it('a client whose resume comes by another node goes on where it was, the same to all', async () => {
    const room = ground().newRoom()
    const entry = await EntryPoint.create(ground().nodes)
    try {
      const an = await ground().join(room, 'an', {}, { at: 0, url: entry.wsUrl })
      const others = [await ground().join(room, 'binh'), await ground().join(room, 'chi')]
      await an.publishCamera()
      await Promise.all(others.map(other => expectSeen(other, 'an')))
      const sid = sidOf(an)
      let leaves = 0
      for (const other of others) other.room.on(RoomEvent.ParticipantDisconnected, () => leaves++)
      entry.prefer(ground().node(1))
      const reconnected = new Promise<void>(resolve => an.room.once(RoomEvent.Reconnected, resolve))
      entry.dropAll()
      await reconnected
      await expectConnected(an)
      await Promise.all(others.map(other => expectSeen(other, 'an')))
      for (const list of await ground().expectListed(room, ['an', 'binh', 'chi']))
        expect(list.find(({ identity }) => identity === 'an')?.sid).toBe(sid)
      for (const other of others) expect(other.room.remoteParticipants.get('an')?.sid).toBe(sid)
      expect(leaves).toBe(0)
      await an.send('still here', { reliable: true })
      for (const other of others)
        await eventually(() => (other.data.some(({ text }) => text === 'still here') ? null : 'no data'))
    } finally {
      await entry.close()
    }
  })

  it('a client that reconnects from the start at another node replaces itself, with track and name', async () => {
    const room = ground().newRoom()
    const entry = await EntryPoint.create(ground().nodes)
    try {
      const an = await ground().join(room, 'an', { name: 'An' }, { at: 0, url: entry.wsUrl })
      const others = [await ground().join(room, 'binh'), await ground().join(room, 'chi')]
      await Promise.all([an.publishCamera(), an.publishMicrophone()])
      await Promise.all(others.map(other => expectSeen(other, 'an')))
      const refreshed = new Promise<void>(resolve => an.room.once(RoomEvent.TokenRefreshed, resolve))
      await ground()
        .api(1)
        .updateParticipant(room, 'an', { name: 'Hội trường An', attributes: { hand: 'up' } })
      const sid = sidOf(an)
      await eventually(() =>
        an.room.localParticipant?.attributes.hand === 'up' ? null : 'it does not know its own attributes',
      )
      // Alone, a node finds what the API said in the token it has sent for that.
      await refreshed
      entry.prefer(ground().node(1))
      await an.room.simulateScenario(SimulateScenarioKind.SIMULATE_FULL_RECONNECT)
      // The SDK itself goes on with the sid it had first.
      for (const other of others)
        await eventually(() => {
          const seen = other.room.remoteParticipants.get('an')?.sid
          return seen === undefined || seen === sid ? `an is ${seen}` : null
        }, 30_000)
      await expectConnected(an)
      await Promise.all(others.flatMap(other => [expectSeen(other, 'an'), expectHeardLoud(other, 'an')]))
      const [seen] = others.map(other => other.room.remoteParticipants.get('an')?.sid)
      for (const list of await ground().expectListed(room, ['an', 'binh', 'chi']))
        expect(list.find(({ identity }) => identity === 'an')).toMatchObject({
          sid: seen,
          name: 'Hội trường An',
          attributes: { hand: 'up' },
        })
    } finally {
      await entry.close()
    }
  })
}
