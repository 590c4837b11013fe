/** An audience of stock clients over two nodes: its viewers are kept from one another, and nobody who may publish misses anybody. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { NativePeer } from '../../testing/native-peer.ts'
import { Ground } from './cluster-support/ground.ts'
import { expectSeen } from './cluster-support/scenarios/media.ts'
import { openTogether } from './cluster-support/set-ups.ts'
import { type BrowserClient, TestBrowser } from './room-support/browser.ts'
import { expectPicture } from './room-support/scenario.ts'

describe('an audience over two nodes', () => {
  let ground: Ground
  let browser: TestBrowser | undefined
  beforeAll(async () => {
    const settings = { SFU_AUDIENCE_FROM: '2' }
    ground = await Ground.create(
      {
        name: 'two nodes in one process',
        open: webhooks => openTogether(webhooks, 2, links => links, settings),
      },
      async () => (browser ??= await TestBrowser.create()),
    )
  })
  afterAll(async () => {
    await ground?.close()
    await browser?.close()
    await dispose()
  })

  it('shows viewers of both clients who publishes or may, and those everybody', {
    timeout: 180_000,
  }, async () => {
    const room = ground.newRoom()
    const viewer = { canPublish: false }
    const hall = await ground.join(room, 'hall', {}, { at: 0 })
    await hall.publishCamera()
    // They are there when the audience begins, and may know each other.
    await ground.join(room, 'first', viewer, { at: 0 })
    await ground.join(room, 'second', viewer, { at: 1 })
    await ground.expectListed(room, ['first', 'hall', 'second'])
    const native = await ground.join(room, 'native', viewer, { at: 0 })
    const web = await ground.page(room, 'web', viewer, { at: 1 })
    const late = await ground.join(room, 'late', viewer, { at: 1 })
    const chair = await ground.page(room, 'chair', {}, { at: 1 })
    const all = ['chair', 'first', 'hall', 'late', 'native', 'second', 'web']
    await ground.expectListed(room, all)

    const others = (who: string) => all.filter(identity => identity !== who)
    await Promise.all([expectNative(hall, others('hall')), expectWeb(chair, others('chair'))])
    const kept = ['late', 'native', 'web']
    const publishers = ['chair', 'hall']
    await Promise.all([
      expectNative(native, publishers, kept),
      expectNative(late, publishers, kept),
      expectWeb(web, publishers, kept),
    ])
    await eventually(async () => {
      const { numParticipants } = await web.state()
      return numParticipants === all.length ? null : `counts ${numParticipants}`
    })
    await Promise.all([expectPicture(web, 'hall'), expectSeen(late, 'hall')])

    // The right to publish, given at the other node.
    await ground.api(0).updateParticipant(room, 'web', {
      permission: { canPublish: true, canSubscribe: true, canPublishData: true },
    })
    await Promise.all([expectWeb(web, others('web')), expectNative(native, [...publishers, 'web'], kept)])
    await web.publishDrawing({})
    await Promise.all([expectSeen(native, 'web'), expectSeen(late, 'web'), expectSeen(hall, 'web')])
    await late.leave()
    await native.leave()
    const present = all.filter(identity => identity !== 'late' && identity !== 'native')
    await Promise.all([
      expectNative(
        hall,
        present.filter(identity => identity !== 'hall'),
      ),
      expectWeb(
        web,
        present.filter(identity => identity !== 'web'),
      ),
      expectWeb(
        chair,
        present.filter(identity => identity !== 'chair'),
      ),
    ])
  })
})

/** Of `among` (default: of all) there are, a client sees just `wanted`. */
function expectOthers(
  see: () => Promise<string[]>,
  wanted: string[],
  among: string[] | undefined,
): Promise<unknown> {
  const expected = [...wanted].sort().join()
  return eventually(async () => {
    const identities = (await see()).filter(who => !among || among.includes(who) || wanted.includes(who))
    const seen = identities.sort().join()
    return seen === expected ? null : `sees ${seen || 'nobody'} instead of ${expected}`
  })
}
const expectNative = ({ room }: NativePeer, wanted: string[], among?: string[]) =>
  expectOthers(async () => [...room.remoteParticipants.keys()], wanted, among)
const expectWeb = (page: BrowserClient, wanted: string[], among?: string[]) =>
  expectOthers(async () => (await page.state()).remote, wanted, among)
