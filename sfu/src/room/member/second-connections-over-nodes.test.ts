/** Second connections whose owner is connected to another node. */
import { DisconnectReason, ParticipantPermission } from '@livekit/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { deliver, TestNode } from '../../../test/room-support/test-nodes.ts'
import { type Client, publish, settle } from '../../../test/room-support/test-room.ts'

let east: TestNode
let west: TestNode
let an: Client
const both = async () => {
  await deliver([east, west])
  await deliver([east, west])
}
const second = (name: string) => ({
  video: { secondConnection: true, canSubscribe: false },
  claims: { owner: 'an' },
  query: { publish: name },
})
const joinSecond = (name: string, node = west) => node.rooms.join(`an#${name}`, second(name))

beforeEach(async () => {
  east = new TestNode('ND_east')
  west = new TestNode('ND_west')
  an = await east.rooms.join('an', { claims: { metadata: 'm', attributes: { seat: '7', row: '1' } } })
  await west.rooms.join('binh')
  await both()
})
afterEach(async () => {
  await east.rooms.registry.close()
  await west.rooms.registry.close()
})

describe('a second connection on another node than its owner', () => {
  it('is as its owner is, and follows it', async () => {
    const x = await joinSecond('x')
    await publish(x, 'cam')
    expect(x.participant).toMatchObject({
      name: 'name of an',
      metadata: 'm',
      attributes: { seat: '7', row: '1' },
    })
    await both()
    an.room.changes.profile(an.participant, { name: 'An mới', attributes: { seat: '8', row: '' } })
    await both()
    expect(x.participant).toMatchObject({ name: 'An mới', metadata: 'm', attributes: { seat: '8' } })
    expect(x.participant.attributes).not.toHaveProperty('row')
    const silent = new ParticipantPermission({ canSubscribe: true })
    an.room.changes.permission(an.participant, silent)
    await both()
    expect(x.participant.permission).toMatchObject({ canPublish: false, canSubscribe: false })
    expect(x.participant.publications.published()).toEqual([])
  })

  it('needs its owner in the room, is one of so many, and owns nothing', async () => {
    const none = { ...second('x'), claims: { owner: 'nobody' } }
    expect(() => west.rooms.enter('nobody#x', none)).toThrow('needs its owner')
    const { secondConnections: most } = west.rooms.registry.limits
    for (let n = 1; n < most; n += 1) await joinSecond(`w${n}`)
    await joinSecond('e', east)
    await both()
    await expect(joinSecond('over')).rejects.toThrow('second connections at most')
    // It takes its own place again wherever it comes back.
    const again = await joinSecond('e')
    await both()
    expect(again.participant.isClosed).toBe(false)
    const chain = { ...second('y'), claims: { owner: 'an#e' } }
    expect(() => east.rooms.enter('an#e#y', chain)).toThrow('needs its owner')
  })

  it('stays where it is when its owner comes back at another node, and is its owner’s there', async () => {
    const x = await joinSecond('x', east)
    await both()
    const back = await west.rooms.join('an', { claims: { metadata: 'new' } })
    await both()
    expect([an.participant.isClosed, x.participant.isClosed]).toEqual([true, false])
    expect(x.participant.metadata).toBe('new')
    back.room.leave(back.participant, 'client_left')
    await both()
    expect(x.participant.isClosed).toBe(true)
    expect(x.link.last('leave').reason).toBe(DisconnectReason.PARTICIPANT_REMOVED)
  })

  it('ends when its owner is claimed elsewhere and never comes', async () => {
    const x = await joinSecond('x', east)
    const { remote } = east.shared.get('R')!
    remote.see('an', Number.MAX_SAFE_INTEGER)
    expect([an.participant.isClosed, x.participant.isClosed]).toEqual([true, false])
    await eventually(() => (x.participant.isClosed ? undefined : 'it has no owner'))
  })

  it('ends with its owner, and with its owner’s node, but not when its owner comes back', async () => {
    const x = await joinSecond('x')
    const back = await east.rooms.join('an')
    await both()
    expect([x.participant.isClosed, an.participant.isClosed]).toEqual([false, true])
    back.room.leave(back.participant, 'client_left')
    await both()
    expect(x.participant.isClosed).toBe(true)
    await east.rooms.join('an')
    await both()
    const y = await joinSecond('y')
    const { nodes } = west.shared.get('R')!
    nodes.gone(east.id, 'unheard')
    await settle()
    // He may only be out of sight.
    expect(y.participant.isClosed).toBe(false)
    east.sayAll(west, 'R')
    await settle()
    nodes.gone(east.id, 'unheard')
    nodes.gone(east.id, 'buried')
    await settle()
    expect(y.participant.isClosed).toBe(true)
    expect(west.rooms.registry.listParticipants('R').map(({ identity }) => identity)).toEqual(['binh'])
  })
})
