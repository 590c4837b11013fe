/** Networks that fail and come back: who is who, what is muted, subscribed and said is kept. Figures go to docs/networks.md. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OutageRoom, type Subject } from './network-outages-support.ts'
import { Scenario } from './room-support/scenario.ts'

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
/** How long the 20 s cuts of the table last, ms. */
const CUT_MS = 20_000

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
  await scenario.close()
  await dispose()
})

type Times = { pictureMs: number; signalMs: number }
const report = (what: string, subjects: Subject[], times: Times[]) => {
  for (const [n, { identity }] of subjects.entries())
    console.log(
      `outage: ${what}, ${identity}: pictures both ways after ${times[n]?.pictureMs} ms, connected after ${times[n]?.signalMs} ms`,
    )
}

describe('a client whose network fails', () => {
  it('is back after its signal socket was cut', async () => {
    room = await OutageRoom.create(scenario)
    const subjects = [await room.addBrowser('an'), await room.addNative('rust')]
    await room.settle()
    for (const { path } of subjects) path.cutSignal()
    const at = performance.now()
    const times = await Promise.all(
      subjects.map(subject => room!.expectBack(subject, at, { isSignalNew: true })),
    )
    report('signal socket cut', subjects, times)
    await room.expectTalkComplete()
    for (const subject of subjects) await room.expectUnmuteHeard(subject)
    await room.expectUnnoticed()
  })

  it('is back after 20 s without media, without signalling, without both', async () => {
    room = await OutageRoom.create(scenario)
    const media = await room.addBrowser('media')
    const reset = await room.addBrowser('both-reset')
    const silent = await room.addBrowser('both-silent')
    const rust = await room.addNative('rust-media')
    const subjects = [media, reset, silent, rust]
    await room.settle()
    for (const { path } of subjects) path.cutMedia()
    reset.path.refuseSignal()
    reset.path.cutSignal()
    silent.path.holdSignal()
    await sleep(CUT_MS)
    for (const { path } of subjects) {
      path.restoreMedia()
      path.admitSignal()
      path.releaseSignal()
    }
    const at = performance.now()
    const times = await Promise.all(subjects.map(subject => room!.expectBack(subject, at)))
    report('20 s cut', subjects, times)
    await room.expectTalkComplete()
    await room.expectUnnoticed()
    expect(room.left()).toEqual([])
  }, 180_000)
})
