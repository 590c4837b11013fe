/** Hours of coming and going in a minute: neither description may grow, and the last picture comes like the first. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { expectPicture, Scenario, statsOf } from './room-support/scenario.ts'

const ROUNDS = 60
/** A busy machine takes most of a second for a round, ms. */
const LIMIT_MS = 120_000

describe('the descriptions of a client', () => {
  let scenario: Scenario
  let natives: NativePeer[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    await Promise.all(natives.map(peer => peer.leave()))
    natives = []
    await scenario.reset()
  })
  afterAll(async () => {
    await scenario.close()
    await dispose()
  })

  const joinNatively = async (room: string, identity: string) => {
    const peer = await NativePeer.join(scenario.sfu, { room, identity })
    natives.push(peer)
    return peer
  }

  it(`stay as long as they are while a track is published and unpublished ${ROUNDS} times`, {
    timeout: LIMIT_MS,
  }, async () => {
    const room = scenario.newRoom()
    const viewer = await scenario.join(room, 'viewer')
    const publisher = await scenario.join(room, 'publisher')
    const sizes: { sent: number; received: number; sentBytes: number; receivedBytes: number }[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const sid = await publisher.publishDrawing({})
      await eventually(
        async () =>
          (await statsOf(viewer, 'publisher', 'camera'))?.sid === sid ? null : `round ${round}: not there`,
        15_000,
        20,
      )
      const [own, taken] = await Promise.all([
        publisher.page.evaluate(() => window.sections.publishing()),
        viewer.page.evaluate(() => window.sections.receiving()),
      ])
      sizes.push({
        sent: own.sections,
        received: taken.sections,
        sentBytes: own.bytes,
        receivedBytes: taken.bytes,
      })
      if (round < ROUNDS) {
        await publisher.unpublish(sid)
        await eventually(
          async () => ((await statsOf(viewer, 'publisher', 'camera')) ? `round ${round}: still there` : null),
          15_000,
          20,
        )
      }
    }
    const [first, last] = [sizes[1]!, sizes.at(-1)!]
    console.log(`round 2: ${JSON.stringify(first)}, round ${ROUNDS}: ${JSON.stringify(last)}`)
    expect(Math.max(...sizes.map(({ sent }) => sent))).toBeLessThanOrEqual(3)
    expect(Math.max(...sizes.map(({ received }) => received))).toBeLessThanOrEqual(3)
    // Numbers in it have more digits by then.
    expect(last.sentBytes).toBeLessThan(first.sentBytes + 100)
    expect(last.receivedBytes).toBeLessThan(first.receivedBytes + 100)

    await expectPicture(viewer, 'publisher')
  })

  it(`stay as long as they are while tracks are subscribed and unsubscribed ${ROUNDS / 2} times`, {
    timeout: LIMIT_MS,
  }, async () => {
    const room = scenario.newRoom()
    const native = await joinNatively(room, 'native')
    await native.publishCamera()
    await native.publishMicrophone()
    const viewer = await scenario.join(room, 'viewer')
    await expectPicture(viewer, 'native')
    const sizes: number[] = []
    for (let round = 1; round <= ROUNDS / 2; round++) {
      for (const source of ['camera', 'microphone']) await viewer.setSubscribed('native', source, false)
      await eventually(
        async () => ((await viewer.received()).length === 0 ? null : `round ${round}: still there`),
        15_000,
        20,
      )
      for (const source of ['camera', 'microphone']) await viewer.setSubscribed('native', source, true)
      await eventually(
        async () => ((await viewer.received()).length === 2 ? null : `round ${round}: not there`),
        15_000,
        20,
      )
      sizes.push((await viewer.page.evaluate(() => window.sections.receiving())).sections)
    }
    // Data, and a line for each track; changes that cross may need a line more of each kind.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5)
    console.log(`sections over ${ROUNDS / 2} rounds: at most ${Math.max(...sizes)}`)
    await expectPicture(viewer, 'native')
  })

  it('of a native publisher stay as long as they are, and a native viewer sees every track', async () => {
    const room = scenario.newRoom()
    const viewer = await scenario.join(room, 'viewer')
    const native = await joinNatively(room, 'native')
    const watcher = await joinNatively(room, 'watcher')
    const sections: number[] = []
    for (let round = 1; round <= 8; round++) {
      const seen = watcher.from('native').videoFrames
      const sid = await native.publishCamera()
      await eventually(
        () => (watcher.from('native').videoFrames >= seen + 3 ? null : `round ${round}: no picture natively`),
        15_000,
      )
      await eventually(
        async () =>
          (await statsOf(viewer, 'native', 'camera'))?.sid === sid ? null : `round ${round}: not there`,
        15_000,
        20,
      )
      sections.push((await viewer.page.evaluate(() => window.sections.receiving())).sections)
      if (round === 8) break
      await native.room.localParticipant!.unpublishTrack(sid)
      await eventually(
        async () => ((await statsOf(viewer, 'native', 'camera')) ? `round ${round}: still there` : null),
        15_000,
        20,
      )
    }
    expect(Math.max(...sections)).toBeLessThanOrEqual(3)
    await expectPicture(viewer, 'native')
  })
})
