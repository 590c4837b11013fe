import {
  MuteTrackRequest,
  ParticipantInfo,
  RoomUpdate,
  SignalResponse,
  TrackPublishedResponse,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { publish, RecordingLink, settle, TestRooms } from '../../test/room-support/test-room.ts'
import { Outbox, type Repeat, repeatOf } from './outbox.ts'
import { encodeInfo, encodeSignal } from './wire.ts'

const limits = { keptMessages: 500, keptBytes: 2 ** 20 }
const join = encodeSignal({ case: 'refreshToken', value: 'stands for the first message' })
const say = (outbox: Outbox, message: SignalResponse['message']) =>
  outbox.send(encodeSignal(message), repeatOf(message))
const mute = (sid: string) => ({ case: 'mute' as const, value: new MuteTrackRequest({ sid, muted: true }) })
const roomUpdate = { case: 'roomUpdate' as const, value: new RoomUpdate() }
const trackPublished = { case: 'trackPublished' as const, value: new TrackPublishedResponse() }
const infos = [{ identity: 'an', encoded: encodeInfo(new ParticipantInfo({ identity: 'an' })) }]

describe('what goes to one client', () => {
  it('is for each message known to bear being said twice, or not', () => {
    const messages = SignalResponse.fields.list().map(({ localName }) => {
      return { case: localName, value: undefined } as unknown as SignalResponse['message']
    })
    const named = (wanted: Repeat) =>
      messages.filter(message => repeatOf(message) === wanted).map(message => message.case)
    expect(named('before_infos')).toEqual(['mute'])
    expect(named('after_infos').toSorted()).toEqual([
      'dataTrackSubscriberHandles',
      'roomUpdate',
      'streamStateUpdate',
      'subscribedQualityUpdate',
      'subscriptionPermissionUpdate',
      'trackUnpublished',
    ])
  })

  it('is said again on the next link unless it is known to have arrived or may not come twice', () => {
    const outbox = new Outbox(limits)
    outbox.attach(new RecordingLink(), join)
    say(outbox, mute('arrived'))
    const mark = outbox.mark()
    say(outbox, mute('lost'))
    say(outbox, roomUpdate)
    say(outbox, trackPublished)
    outbox.confirm(mark)
    const next = new RecordingLink()
    outbox.attach(next, join, infos)
    expect(next.cases()).toEqual(['refreshToken', 'mute', 'update', 'roomUpdate'])
    expect(next.all('mute').map(({ sid }) => sid)).toEqual(['lost'])
    // And once more, when that link dies before it has proved anything.
    const third = new RecordingLink()
    outbox.attach(third, join)
    expect(third.cases()).toEqual(['refreshToken', 'mute', 'roomUpdate'])
    outbox.confirm(outbox.mark())
    const fourth = new RecordingLink()
    outbox.attach(fourth, join)
    expect(fourth.cases()).toEqual(['refreshToken'])
  })

  it('waits while there is no link, mutes before the infos and the rest after them', () => {
    const outbox = new Outbox(limits)
    const link = new RecordingLink()
    outbox.attach(link, join)
    outbox.detach(link)
    say(outbox, trackPublished)
    say(outbox, mute('t'))
    const next = new RecordingLink()
    outbox.attach(next, join, infos)
    expect(next.cases()).toEqual(['refreshToken', 'mute', 'update', 'trackPublished'])
  })

  it('keeps a bounded number of what it cannot prove', () => {
    const outbox = new Outbox({ ...limits, keptMessages: 3 })
    outbox.attach(new RecordingLink(), join)
    for (let n = 0; n < 10; n++) say(outbox, mute(`t${n}`))
    const next = new RecordingLink()
    outbox.attach(next, join)
    expect(next.all('mute').map(({ sid }) => sid)).toEqual(['t7', 't8', 't9'])
  })
})

describe("a moderator's mute", () => {
  it('reaches a client whose link was dead when it was said', async () => {
    const rooms = new TestRooms()
    const [an] = [await rooms.join('an'), await rooms.join('binh')]
    const sid = await publish(an, 'mic')
    // Nobody knows yet that the link is dead.
    await rooms.registry.mutePublishedTrack('R', 'an', sid, true)
    const link = new RecordingLink()
    rooms.registry.resume(rooms.claims('an'), an.participant.id, link, '')
    await settle()
    expect(link.last('mute')).toMatchObject({ sid, muted: true })
    expect(link.cases().indexOf('mute')).toBeLessThan(link.cases().indexOf('update'))
    await rooms.registry.close()
  })
})
