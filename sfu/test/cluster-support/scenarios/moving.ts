/** Participants that the API moves or forwards to another room, the clients of both on all nodes. */
import { RoomEvent } from '@livekit/rtc-node'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import type { Ground } from '../ground.ts'
import { expectHeardLoud, expectSeen } from './media.ts'

export function moving(ground: () => Ground): void {
  it('who is forwarded is seen, heard and muted in both rooms, taken out there, and ends with its source', async () => {
    const [from, to] = [ground().newRoom(), ground().newRoom()]
    const an = await ground().join(from, 'an', { name: 'Hội trường An' }, { at: 0 })
    const left = await ground().join(from, 'left', {}, { at: 1 })
    const met = await Promise.all([1, 2].map(at => ground().join(to, `met-${at}`, {}, { at })))
    const [camera, microphone] = [await an.publishCamera(), await an.publishMicrophone()]
    await ground().api(1).forwardParticipant(from, 'an', to)
    await Promise.all([
      expectSeen(left, 'an'),
      ...met.flatMap(viewer => [expectSeen(viewer, 'an'), expectHeardLoud(viewer, 'an')]),
    ])
    const lists = await ground().expectListed(to, ['an', 'met-1', 'met-2'])
    for (const list of lists) {
      const shown = list.find(({ identity }) => identity === 'an')
      expect(shown?.name).toBe('Hội trường An')
      expect(shown?.sid).not.toBe(an.room.localParticipant?.sid)
      expect(shown?.tracks.map(({ sid }) => sid).sort()).toEqual([camera, microphone].sort())
    }
    expect(an.room.remoteParticipants.has('met-1')).toBe(false)
    await ground().api(2).mutePublishedTrack(from, 'an', microphone, true)
    for (const viewer of [left, ...met])
      await eventually(() =>
        viewer.room.remoteParticipants.get('an')?.trackPublications.get(microphone)?.muted
          ? null
          : 'not muted',
      )
    await ground().api(1).removeParticipant(to, 'an')
    await ground().expectListed(to, ['met-1', 'met-2'])
    for (const viewer of met)
      await eventually(() => (viewer.room.remoteParticipants.has('an') ? 'still there' : null))
    await expectSeen(left, 'an')
    await ground().api(2).forwardParticipant(from, 'an', to)
    await Promise.all(met.map(viewer => expectSeen(viewer, 'an')))
    await an.leave()
    await ground().expectListed(to, ['met-1', 'met-2'])
    await ground().expectListed(from, ['left'])
  })

  it('who is moved arrives with picture and sound in the other room, and is gone from the first', async () => {
    const [from, to] = [ground().newRoom(), ground().newRoom()]
    const an = await ground().join(from, 'an', {}, { at: 0 })
    const left = await ground().join(from, 'left', {}, { at: 1 })
    const met = await Promise.all([1, 2].map(at => ground().join(to, `met-${at}`, {}, { at })))
    await Promise.all([an.publishCamera(), an.publishMicrophone(), met[0]!.publishCamera()])
    await expectSeen(left, 'an')
    const moved: string[] = []
    an.room.on(RoomEvent.Moved, () => moved.push('moved'))
    await ground().api(1).moveParticipant(from, 'an', to)
    await Promise.all([
      expectSeen(an, 'met-1'),
      ...met.flatMap(viewer => [expectSeen(viewer, 'an'), expectHeardLoud(viewer, 'an')]),
    ])
    expect(moved).toEqual(['moved'])
    expect([...an.room.remoteParticipants.keys()].sort()).toEqual(['met-1', 'met-2'])
    await eventually(() => (left.room.remoteParticipants.size === 0 ? null : 'still seen in the first room'))
    await ground().expectListed(from, ['left'])
    await ground().expectListed(to, ['an', 'met-1', 'met-2'])
    await an.send('arrived', { reliable: true })
    for (const viewer of met)
      await eventually(() => (viewer.data.some(({ text }) => text === 'arrived') ? null : 'no data'))
  })
}
