/** Conformance of everything but media: data, speakers, names, metadata, permissions, and how a stay ends. */
import { DisconnectReason, TrackSource } from '@livekit/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import {
  expectEvent,
  expectPicture,
  expectSound,
  hasEvent,
  Scenario,
  statsOf,
} from './room-support/scenario.ts'

describe('a browser in a room', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  it('exchanges data: reliable in order, lossy, by topic, to chosen receivers only', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      scenario.join(room, 'an'),
      scenario.join(room, 'binh'),
      scenario.join(room, 'chi'),
    ])
    await an.send('to all', { topic: 'chat' })
    await an.send('to binh', { to: ['binh'] })
    for (let i = 0; i < 100; i++) await binh.send(`n${i} `, { size: 12_000 })
    // A lossy message may be lost, surely before the receiver's channel is open: it is said until it is heard.
    await eventually(async () => {
      await an.send('lossy', { reliable: false })
      const texts = (await binh.data()).map(message => message.text)
      const isAllThere = ['lossy', 'to all', 'to binh'].every(text => texts.includes(text))
      return isAllThere ? null : `binh has ${texts.join()}`
    })
    expect(await binh.data()).toContainEqual({ text: 'to all', from: 'an', topic: 'chat', size: 6 })
    expect((await binh.data()).map(message => message.text).filter(text => text !== 'lossy')).toEqual([
      'to all',
      'to binh',
    ])
    for (const receiver of [chi, an])
      await eventually(async () => {
        const count = (await receiver.data()).filter(message => message.from === 'binh').length
        return count === 100 ? null : `${count} of 100`
      })
    const numbered = (await chi.data()).filter(message => message.from === 'binh')
    expect(numbered.map(message => message.text.split(' ')[0])).toEqual(
      Array.from({ length: 100 }, (_, i) => `n${i}`),
    )
    expect((await chi.data()).some(message => message.text === 'to binh')).toBe(false)
    expect(await an.data()).toHaveLength(100)
  })

  it('gets data from the API', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await scenario.sfu
      .roomService()
      .sendData(room, Buffer.from('from above'), 0, { destinationIdentities: ['an'], topic: 'notice' })
    await eventually(async () => ((await an.data()).length === 1 ? null : 'nothing yet'))
    expect(await an.data()).toEqual([{ text: 'from above', from: '', topic: 'notice', size: 10 }])
    // What was not for binh would have come before this.
    await scenario.sfu.roomService().sendData(room, Buffer.from('to all'), 0, {})
    await eventually(async () => ((await binh.data()).length > 0 ? null : 'nothing yet'))
    expect((await binh.data()).map(({ text }) => text)).toEqual(['to all'])
  })

  it('hears who speaks and how good connections are', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const tone = await an.publishTone()
    await expectEvent(binh, 'speakers', 'an')
    await an.setMuted(tone, true)
    await expectEvent(binh, 'speakers', '')
    await expectEvent(binh, 'quality', 'binh=excellent')
  })

  it('shows name, metadata and attributes of the token and later changes, its own ones by permission only', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an', {
      grants: {
        name: 'Hội trường – UBND',
        metadata: 'm1',
        attributes: { role: 'chair' },
        canUpdateOwnMetadata: true,
      },
    })
    const binh = await scenario.join(room, 'binh')
    expect(await binh.remote('an')).toEqual({
      name: 'Hội trường – UBND',
      metadata: 'm1',
      attributes: { role: 'chair' },
    })
    await an.setMetadata('m2')
    await expectEvent(binh, 'metadata', 'an=m2')
    await expect(binh.setMetadata('mine')).rejects.toThrow(/does not allow/)
    await scenario.sfu
      .roomService()
      .updateParticipant(room, 'binh', { name: 'Bình', attributes: { hand: '1' } })
    await expectEvent(an, 'name', 'binh=Bình')
    await eventually(async () =>
      (await an.remote('binh'))?.attributes.hand === '1' ? null : 'no attribute yet',
    )
    await scenario.sfu.roomService().updateRoomMetadata(room, 'locked')
    await expectEvent(an, 'roomMetadata', 'locked')
    await eventually(async () => ((await an.state()).numParticipants === 2 ? null : 'count is not told'))
  })

  it('keeps a participant to its grants', async () => {
    const room = scenario.newRoom()
    const speaker = await scenario.join(room, 'speaker')
    await speaker.publishTone()
    const mute = await scenario.join(room, 'mute', { grants: { canPublish: false, canPublishData: false } })
    const deaf = await scenario.join(room, 'deaf', { grants: { canSubscribe: false } })
    const ears = await scenario.join(room, 'ears', {
      grants: { canPublishSources: [TrackSource.MICROPHONE] },
    })
    await scenario.join(room, 'ghost', { grants: { hidden: true } })
    await expectSound(mute, 'speaker')
    await expect(mute.publishTone()).rejects.toThrow()
    await ears.publishTone()
    await expectSound(mute, 'ears')
    await expect(ears.publishDrawing({})).rejects.toThrow()
    await mute.send('not allowed').catch(() => {})
    await ears.send('allowed')
    await eventually(async () => ((await speaker.data()).length > 0 ? null : 'no data yet'))
    expect((await speaker.data()).map(message => message.text)).toEqual(['allowed'])
    expect(await hasEvent(deaf, 'trackSubscribed')).toBe(false)
    expect((await speaker.state()).remote.sort()).toEqual(['deaf', 'ears', 'mute'])
    const api = await scenario.sfu.roomService().listParticipants(room)
    expect(api.map(participant => participant.identity)).toContain('ghost')
  })

  it('loses its tracks with the permission to publish, and may publish again when it is given back', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
    const permission = { canSubscribe: true, canPublish: false, canPublishData: true }
    await scenario.sfu.roomService().updateParticipant(room, 'an', { permission })
    await expectEvent(an, 'localTrackUnpublished', 'camera')
    await expectEvent(binh, 'trackUnpublished', 'an/camera')
    await scenario.sfu
      .roomService()
      .updateParticipant(room, 'an', { permission: { ...permission, canPublish: true } })
    await eventually(async () => {
      const info = await scenario.sfu.roomService().getParticipant(room, 'an')
      return info.permission?.canPublish ? null : 'not given back'
    })
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
  })

  it('decides who may subscribe to its tracks', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      scenario.join(room, 'an'),
      scenario.join(room, 'binh'),
      scenario.join(room, 'chi'),
    ])
    await an.publishDrawing({})
    await Promise.all([expectPicture(binh, 'an'), expectPicture(chi, 'an')])
    await an.allowSubscribers(['binh'])
    await expectEvent(chi, 'subscriptionPermission', 'camera=not_allowed')
    await eventually(async () => ((await statsOf(chi, 'an', 'camera')) ? 'still subscribed' : null))
    await expectPicture(binh, 'an')
    await an.allowSubscribers(['binh', 'chi'])
    await expectPicture(chi, 'an')
  })

  it('is told why it has to go: replaced, removed, room deleted', async () => {
    const room = scenario.newRoom()
    const [first, other] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const second = await scenario.join(room, 'an')
    await expectEvent(first, 'disconnected', String(DisconnectReason.DUPLICATE_IDENTITY))
    await second.publishDrawing({})
    await expectPicture(other, 'an')
    await scenario.sfu.roomService().removeParticipant(room, 'an')
    await expectEvent(second, 'disconnected', String(DisconnectReason.PARTICIPANT_REMOVED))
    await expectEvent(other, 'participantDisconnected', 'an')
    await scenario.sfu.roomService().deleteRoom(room)
    await expectEvent(other, 'disconnected', String(DisconnectReason.ROOM_DELETED))
    const names = scenario.sfu.webhooks.events
      .filter(event => event.room?.name === room)
      .map(event => event.event)
    expect(names.filter(name => name === 'participant_joined')).toHaveLength(3)
    await scenario.sfu.webhooks.waitFor(event => event.event === 'room_finished' && event.room?.name === room)
  })
})
