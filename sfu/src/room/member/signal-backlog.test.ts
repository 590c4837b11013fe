import {
  MuteTrackRequest,
  ParticipantInfo,
  Room,
  RoomUpdate,
  SignalResponse,
  TrackPublishedResponse,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { publish, RecordingLink, settle, TestRooms } from '../../../test/room-support/test-room.ts'
import { encodeInfo, encodeSignal } from '../base/wire.ts'
import { type Repeat, repeatOf, SignalBacklog } from './signal-backlog.ts'

const limits = { keptMessages: 500, keptBytes: 2 ** 20 }
const join = encodeSignal({ case: 'refreshToken', value: 'stands for the first message' })
const say = (backlog: SignalBacklog, message: SignalResponse['message']) =>
  backlog.send(encodeSignal(message), repeatOf(message))
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
      'streamStateUpdate',
      'subscribedQualityUpdate',
      'subscriptionPermissionUpdate',
      'trackUnpublished',
    ])
    expect(named('newest_room')).toEqual(['roomUpdate'])
  })

  it('is said again on the next link unless it is known to have arrived or may not come twice', () => {
    const backlog = new SignalBacklog(limits)
    backlog.attach(new RecordingLink(), join)
    say(backlog, mute('arrived'))
    const mark = backlog.mark()
    say(backlog, mute('lost'))
    say(backlog, roomUpdate)
    say(backlog, trackPublished)
    backlog.confirm(mark)
    const next = new RecordingLink()
    backlog.attach(next, join, infos)
    expect(next.cases()).toEqual(['refreshToken', 'mute', 'update', 'roomUpdate'])
    expect(next.all('mute').map(({ sid }) => sid)).toEqual(['lost'])
    // And once more, when that link dies before it has proved anything.
    const third = new RecordingLink()
    backlog.attach(third, join)
    expect(third.cases()).toEqual(['refreshToken', 'mute', 'roomUpdate'])
    backlog.confirm(backlog.mark())
    const fourth = new RecordingLink()
    backlog.attach(fourth, join)
    expect(fourth.cases()).toEqual(['refreshToken'])
  })

  it('waits while there is no link, mutes before the infos and the rest after them', () => {
    const backlog = new SignalBacklog(limits)
    const link = new RecordingLink()
    backlog.attach(link, join)
    backlog.detach(link)
    say(backlog, trackPublished)
    say(backlog, mute('t'))
    const next = new RecordingLink()
    backlog.attach(next, join, infos)
    expect(next.cases()).toEqual(['refreshToken', 'mute', 'update', 'trackPublished'])
  })

  it.each([true, false])(
    'is of the room only the newest (link lost: %s), and leaves room for the rest',
    isLost => {
      const backlog = new SignalBacklog({ keptMessages: 4, keptBytes: 5_000 })
      const link = new RecordingLink()
      backlog.attach(link, join)
      if (isLost) backlog.detach(link)
      for (let n = 0; n < 20; n++) {
        const room = new Room({ metadata: `${n}`.padEnd(4_000) })
        say(backlog, { case: 'roomUpdate', value: new RoomUpdate({ room }) })
      }
      say(backlog, mute('t'))
      const next = new RecordingLink()
      backlog.attach(next, join)
      expect(next.cases()).toEqual(['refreshToken', 'mute', 'roomUpdate'])
      expect(next.last('roomUpdate').room?.metadata.trim()).toBe('19')
    },
  )

  it('keeps a bounded number of what it cannot prove', () => {
    const backlog = new SignalBacklog({ ...limits, keptMessages: 3 })
    backlog.attach(new RecordingLink(), join)
    for (let n = 0; n < 10; n++) say(backlog, mute(`t${n}`))
    const next = new RecordingLink()
    backlog.attach(next, join)
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
