/** Data tracks of the stock browser client: published, read, refused, thinned by nobody, through a resume and a full reconnect. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { data, expectHeard, heard } from './room-support/data-lab.ts'
import { expectEvent, Scenario } from './room-support/scenario.ts'

describe('data tracks of browsers', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  async function join(room: string, identity: string, grants = {}) {
    const client = await scenario.join(room, identity, { grants })
    await data(client).watch()
    return client
  }

  /** Frames are lossy: one is said until it is heard. */
  const expectFrame = (
    publisher: BrowserClient,
    name: string,
    reader: BrowserClient,
    from: string,
    text: string,
    size = 0,
  ) =>
    eventually(
      async () => {
        await data(publisher).push(name, text, size)
        const wanted = `${from}: ${text.split('.')[0]} ${Math.max(size, text.length)} 42`
        const frames = await heard(reader, 'frame')
        return frames.includes(wanted) ? null : `not among ${frames.length} frames: ${wanted}`
      },
      30_000,
      200,
    )

  it('reach those who read them, also frames of many packets, and end with the unpublishing', {
    timeout: 240_000,
  }, async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([join(room, 'an'), join(room, 'binh'), join(room, 'chi')])
    const sid = await data(an).publishTrack('position')
    expect(sid).toMatch(/^DTR_/)
    await data(an).publishTrack('other')
    await expectHeard(binh, 'trackPublished', ['an: position', 'an: other'])
    await data(binh).readTrack('an', 'position')
    await expectFrame(an, 'position', binh, 'an/position', 'x=1')
    await expectFrame(an, 'position', binh, 'an/position', 'large', 100_000)
    await data(an).push('other', 'unread')
    // A late one learns of the tracks when joining.
    const late = await join(room, 'late')
    await data(late).readTrack('an', 'other')
    await expectFrame(an, 'other', late, 'an/other', 'y=2')
    await data(binh).stopReading('an', 'position')
    await data(binh).readTrack('an', 'other')
    await expectFrame(an, 'other', binh, 'an/other', 'y=3')
    expect((await heard(binh, 'frame')).some(frame => frame.includes('unread'))).toBe(false)
    expect(await heard(chi, 'frame')).toEqual([])
    await data(an).unpublishTrack('position')
    await expectHeard(binh, 'trackUnpublished', [`: ${sid}`])
    expect(await data(an).push('position', 'too late')).toBe(false)
    await an.leave()
    await eventually(async () =>
      (await heard(late, 'trackUnpublished')).length === 2 ? null : 'the tracks of who left are still there',
    )
  })

  it('are refused with the reason, and taken down with the permission', async () => {
    const room = scenario.newRoom()
    const [an, mute] = await Promise.all([join(room, 'an'), join(room, 'mute', { canPublishData: false })])
    expect(await data(mute).publishTrack('mine')).toMatch(/NotAllowed/)
    const sid = await data(an).publishTrack('one')
    expect(await data(an).publishTrack('one')).toMatch(/DuplicateName/)
    expect(await data(an).publishTrack('x'.repeat(300))).toMatch(/InvalidName/)
    await expectHeard(mute, 'trackPublished', ['an: one'])
    const permission = { canSubscribe: true, canPublish: true, canPublishData: false }
    await scenario.sfu.roomService().updateParticipant(room, 'an', { permission })
    await expectHeard(mute, 'trackUnpublished', [`: ${sid}`])
    await eventually(async () => ((await data(an).push('one', 'x')) ? 'still published' : null))
  })

  it('go on through a resume of either side, and are published anew after a full reconnect', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([join(room, 'an'), join(room, 'binh')])
    const sid = await data(an).publishTrack('position')
    await expectHeard(binh, 'trackPublished', ['an: position'])
    await data(binh).readTrack('an', 'position')
    await expectFrame(an, 'position', binh, 'an/position', 'before')
    for (const client of [an, binh]) {
      await client.simulate('signal-reconnect')
      await expectEvent(client, 'reconnected')
    }
    await expectFrame(an, 'position', binh, 'an/position', 'resumed')
    expect(await heard(binh, 'trackUnpublished')).toEqual([])
    const [told] = (await scenario.sfu.roomService().listParticipants(room)).filter(p => p.identity === 'an')
    expect(told?.dataTracks.map(track => track.sid)).toEqual([sid])
    await an.simulate('full-reconnect')
    await expectEvent(an, 'reconnecting')
    await eventually(
      async () => {
        const [now] = (await scenario.sfu.roomService().listParticipants(room)).filter(
          p => p.identity === 'an',
        )
        const sids = now?.dataTracks.map(track => track.sid) ?? []
        return sids.length === 1 && sids[0] !== sid ? null : `published: ${sids.join()}`
      },
      30_000,
      200,
    )
    await eventually(async () => {
      const events = await heard(binh, 'trackPublished')
      return events.length === 2 ? null : `told of ${events.join()}`
    }, 30_000)
    await data(binh).readTrack('an', 'position')
    await expectFrame(an, 'position', binh, 'an/position', 'again')
  })
})
