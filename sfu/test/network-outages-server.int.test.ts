/** The media server itself stands still: the whole of it, or one worker. Figures go to docs/networks.md. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { signalAll } from './network-outages-processes.ts'
import { OutageRoom, report } from './network-outages-support.ts'
import { Scenario } from './room-support/scenario.ts'

const PAUSE_MS = 10_000

let scenario: Scenario
let room: OutageRoom | undefined
beforeAll(async () => {
  scenario = await Scenario.create()
})
afterEach(async () => {
  await room?.close()
  room = undefined
  await scenario.reset()
})
afterAll(async () => {
  await scenario?.close()
  await dispose()
})

describe('a media server that stands still', () => {
  it('goes on after a pause of 10 s as if nothing had been', async () => {
    room = await OutageRoom.create(scenario)
    const an = await room.addBrowser('an')
    const rust = await room.addNative('rust')
    await room.settle()
    const pids = [scenario.sfu.pid, ...(await scenario.sfu.workerPids())]
    signalAll(pids, 'SIGSTOP')
    try {
      await sleep(PAUSE_MS)
    } finally {
      signalAll(pids, 'SIGCONT')
    }
    const at = performance.now()
    await Promise.all(
      [an, rust].map(subject => room!.expectBack(subject, at).then(report('server paused 10 s', subject))),
    )
    await room.expectTalkComplete()
    for (const subject of [an, rust]) await room.expectUnmuteHeard(subject)
    await room.expectUnnoticed()
    expect(await scenario.sfu.workerPids()).toEqual(pids.slice(1))
  }, 120_000)

  it('replaces a worker that does not answer, and those on it come back on another', async () => {
    room = await OutageRoom.create(scenario)
    const an = await room.addBrowser('an')
    await room.settle()
    const before = await scenario.sfu.workers()
    // One each on two workers; whoever sits on this one is lost with it.
    const hung = before[0]!
    expect(before.map(({ peers }) => peers)).toEqual([1, 1])
    signalAll([hung.pid], 'SIGSTOP')
    const at = performance.now()
    await eventually(
      async () => {
        const now = await scenario.sfu.workers()
        const isReplaced = now.length === 2 && now.every(({ pid }) => pid !== hung.pid)
        return isReplaced ? null : `workers ${JSON.stringify(now)}`
      },
      30_000,
      200,
    )
    console.log(`outage: hung worker replaced after ${Math.round(performance.now() - at)} ms`)
    const replacedAt = performance.now()
    await eventually(
      async () => {
        const now = await scenario.sfu.workers()
        return now.reduce((sum, { peers }) => sum + peers, 0) === 2 ? null : `workers ${JSON.stringify(now)}`
      },
      30_000,
      200,
    )
    await room.expectPictures(an).then(() => {
      console.log(
        `outage: hung worker, pictures both ways ${Math.round(performance.now() - replacedAt)} ms later`,
      )
    })
    expect(room.left()).toHaveLength(1)
    expect(scenario.sfu.output).toContain('media worker does not answer and is killed')
  }, 120_000)
})
