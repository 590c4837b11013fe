/** What the API said of somebody holds at the next connection, at whatever node, until a newer word. */
import { type ParticipantPermission, TrackSource } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiCluster, type ApiNode } from '../../../test/room-support/api-nodes.ts'
import { type Client, publish, settle } from '../../../test/room-support/test-room.ts'

let cluster: ApiCluster
let west: ApiNode
let east: ApiNode
beforeEach(async () => {
  cluster = await ApiCluster.create(['west', 'east'])
  ;[west, east] = cluster.nodes as [ApiNode, ApiNode]
})
afterEach(() => cluster.close())

const permissionOf = (client: Client, changes: Partial<ParticipantPermission>) =>
  Object.assign(client.participant.permission.clone(), changes)
const keptRevs = () =>
  cluster.nodes.flatMap(({ kept }) =>
    kept.all().map(({ identity, kept: { rev } }) => [identity, rev] as const),
  )
/** Nothing is on its way to the record. */
const written = async () => {
  await settle()
  await settle()
}

describe('profile and permission', () => {
  it('hold at another node with the token of before', async () => {
    const an = await west.join('an', { claims: { attributes: { token: '1', old: '1' } } })
    await east.directory.updateParticipant('R', 'an', {
      name: 'chairman',
      attributes: { hand: '1', old: '' },
    })
    await east.directory.updateParticipant('R', 'an', { attributes: { seat: '9' } })
    await east.directory.updateParticipant('R', 'an', {
      permission: permissionOf(an, { canPublish: false, canPublishSources: [TrackSource.CAMERA] }),
    })
    await west.directory.removeParticipant('R', 'an')
    const again = await east.join('an', { claims: { attributes: { token: '1', old: '1' } } })
    expect(again.participant).toMatchObject({
      name: 'chairman',
      metadata: '',
      attributes: { token: '1', hand: '1', seat: '9' },
    })
    expect(again.participant.attributes).not.toHaveProperty('old')
    expect(again.participant.permission).toMatchObject({ canPublish: false, canSubscribe: true })
  })

  it('give way to a token that was issued later, and stay given way', async () => {
    await west.join('an')
    await west.directory.updateParticipant('R', 'an', { name: 'chairman', metadata: 'm' })
    const later = { name: 'token', notBeforeS: Math.floor(Date.now() / 1000) + 5 }
    expect((await east.join('an', { claims: later })).participant.name).toBe('token')
    await written()
    // The name of the token is the newer word; nothing was said of the metadata.
    const third = await west.join('an', { claims: { name: 'old token' } })
    expect(third.participant).toMatchObject({ name: 'old token', metadata: '' })
  })

  it('give way to what somebody says of itself', async () => {
    const an = await west.join('an', { video: { canUpdateOwnMetadata: true } })
    await east.directory.updateParticipant('R', 'an', { name: 'chairman', metadata: 'kept' })
    an.room.changes.profile(an.participant, { name: 'An' })
    await written()
    expect((await east.join('an')).participant).toMatchObject({ name: 'name of an', metadata: 'kept' })
  })

  it('of the newer connection win: nothing is written any more for the one that it replaced', async () => {
    const first = await west.join('an')
    await west.directory.updateParticipant('R', 'an', { name: 'first' })
    const second = await east.join('an')
    await east.directory.updateParticipant('R', 'an', { name: 'second' })
    const late = west.kept.changed(first.room, first.participant, { name: 'late' })
    await expect(late).rejects.toMatchObject({ code: 'unavailable' })
    expect(second.participant.name).toBe('second')
    expect((await west.join('an')).participant.name).toBe('second')
  })

  it('are put back by the node that wrote them', async () => {
    await west.join('an')
    await west.join('binh')
    expect(keptRevs()).toEqual([])
    await east.directory.updateParticipant('R', 'an', { name: 'chairman' })
    const [[identity, rev] = []] = keptRevs()
    expect(identity).toBe('an')
    const claim = cluster.memory.steps.claims(west.rooms.registry.find('R')!.id).claims[0]
    expect(rev).toBe((claim?.epoch ?? 0) + 1)
    await west.directory.removeParticipant('R', 'an')
    expect(keptRevs()).toEqual([['an', rev]])
    await west.directory.deleteRoom('R')
    expect(keptRevs()).toEqual([])
  })

  it('of nothing are not written', async () => {
    await west.join('an')
    await west.directory.updateParticipant('R', 'an', {})
    expect(keptRevs()).toEqual([])
  })
})

describe('a mute by the server', () => {
  const isMuted = (client: Client, sid: string) => client.participant.publications.get(sid)?.info.muted

  it('is kept by source and name until its owner opens the track', async () => {
    const first = await west.join('an')
    await publish(first, 'other')
    await east.directory.mutePublishedTrack('R', 'an', await publish(first, 'cam'), true)
    const second = await east.join('an')
    const [cam, other] = [await publish(second, 'cam'), await publish(second, 'other')]
    expect([isMuted(second, cam), isMuted(second, other)]).toEqual([true, false])
    expect(second.link.all('mute').map(({ sid }) => sid)).toEqual([cam])
    second.participant.publications.setMutedByClient(cam, false)
    await written()
    expect(isMuted(second, cam)).toBe(false)
    const third = await west.join('an')
    expect(isMuted(third, await publish(third, 'cam'))).toBe(false)
  })

  it('does not hold for a track that its owner publishes anew and open over the same connection', async () => {
    const an = await west.join('an')
    const sid = await publish(an, 'cam')
    await east.directory.mutePublishedTrack('R', 'an', sid, true)
    an.participant.publications.close()
    const again = await publish(an, 'cam')
    await written()
    expect(isMuted(an, again)).toBe(false)
    const next = await east.join('an')
    expect(isMuted(next, await publish(next, 'cam'))).toBe(false)
  })

  it('leaves a track alone that comes back muted', async () => {
    const an = await west.join('an')
    await east.directory.mutePublishedTrack('R', 'an', await publish(an, 'cam'), true)
    const next = await east.join('an')
    await publish(next, 'cam', { muted: true })
    expect(next.link.all('mute')).toEqual([])
    const third = await west.join('an')
    expect(isMuted(third, await publish(third, 'cam'))).toBe(true)
  })
})
