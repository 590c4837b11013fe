/** Networks that fail and come back: who is who, what is muted, subscribed and said is kept. Figures go to docs/networks.md. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { descendants, signalAll } from './network-outages-processes.ts'
import { OutageRoom, report } from './network-outages-support.ts'
import { TestBrowser } from './room-support/browser.ts'
import { Scenario } from './room-support/scenario.ts'

/** Pictures that "never stop" come 15 a second, and later on a busy machine, ms. */
const STILL_LIMIT_MS = 1_000
/** How long the 20 s cuts of the table last, ms. */
const CUT_MS = 20_000
/** Longer than the server keeps a participant whose socket it saw closing (40 s), and than it trusts a silent one (30 s), ms. */
const SLEEP_MS = 45_000

let scenario: Scenario
let laptop: TestBrowser
let laptopPids: number[] = []
let room: OutageRoom | undefined
beforeAll(async () => {
  scenario = await Scenario.create()
  const others = new Set(await descendants(process.pid))
  laptop = await TestBrowser.create()
  // Its renderers are below it and looked up when it is put to sleep.
  laptopPids = (await descendants(process.pid)).filter(pid => !others.has(pid))
})
afterEach(async () => {
  signalAll(laptopPids, 'SIGCONT')
  await room?.close()
  room = undefined
  await scenario.reset()
  await laptop.leaveAll()
})
afterAll(async () => {
  await laptop?.close()
  await scenario?.close()
  await dispose()
})

describe('a client whose network fails', () => {
  it('is back after its signal socket was cut, its NAT mapping was lost, or it has a new address', async () => {
    room = await OutageRoom.create(scenario)
    const cut = await room.addBrowser('signal')
    const rust = await room.addNative('rust-signal')
    const nat = await room.addBrowser('nat')
    const moved = await room.addBrowser('moved')
    await room.settle()
    const watched = [cut, rust, nat]
    const watches = await Promise.all(watched.map(subject => room!.watchPictures(subject)))
    const at = performance.now()
    for (const { path } of [cut, rust, moved]) path.cutSignal()
    await nat.path.changeAddress()
    await moved.path.changeAddress({ address: '127.0.0.77' })
    const isSignalNew = true
    await Promise.all([
      room.expectBack(cut, at, { isSignalNew }).then(report('signal socket cut', cut)),
      room.expectBack(rust, at, { isSignalNew }).then(report('signal socket cut', rust)),
      room.expectBack(nat, at).then(report('NAT mapping lost', nat)),
      room.expectBack(moved, at, { isSignalNew }).then(report('new local address', moved)),
    ])
    const still = await Promise.all(watches.map(stop => stop()))
    for (const [i, { identity }] of watched.entries())
      console.log(`outage: pictures of or at ${identity} stood still for ${still[i]} ms at most`)
    for (const ms of still.slice(0, 2)) expect(ms).toBeLessThan(STILL_LIMIT_MS)
    await room.expectTalkComplete()
    for (const subject of [cut, rust, moved]) await room.expectUnmuteHeard(subject)
    await room.expectUnnoticed()
  }, 180_000)

  it('is back after 20 s without media, signalling, or both, and after its laptop slept', async () => {
    room = await OutageRoom.create(scenario)
    const media = await room.addBrowser('media')
    const rust = await room.addNative('rust-media')
    const reset = await room.addBrowser('both-reset')
    const silent = await room.addBrowser('both-silent')
    const napping = await room.addBrowser('napping', await laptop.open())
    const asleep = await room.addBrowser('asleep', await laptop.open())
    await room.settle()
    room.silence(napping, asleep)

    const isSignalNew = true
    laptopPids.push(...(await Promise.all(laptopPids.map(descendants))).flat())
    signalAll(laptopPids, 'SIGSTOP')
    // The network of this one told the server at once; of the other it hears nothing any more.
    asleep.path.cutSignal()
    const awake = async () => {
      await sleep(SLEEP_MS)
      const at = performance.now()
      signalAll(laptopPids, 'SIGCONT')
      await Promise.all([
        room?.expectBack(napping, at).then(report('laptop asleep 45 s', napping)),
        room
          ?.expectBack(asleep, at, { isNew: true, isSignalNew })
          .then(report('laptop asleep 45 s, its socket known to be lost', asleep)),
      ])
    }
    const connected = async () => {
      const cut = [media, rust, reset, silent]
      for (const { path } of cut) path.cutMedia()
      reset.path.refuseSignal()
      reset.path.cutSignal()
      silent.path.holdSignal()
      await sleep(CUT_MS)
      for (const { path } of cut) path.restoreMedia()
      reset.path.admitSignal()
      silent.path.releaseSignal()
      const at = performance.now()
      await Promise.all([
        room?.expectBack(media, at).then(report('media cut 20 s', media)),
        room?.expectBack(rust, at).then(report('media cut 20 s', rust)),
        room?.expectBack(reset, at, { isSignalNew }).then(report('both cut 20 s, socket reset', reset)),
        room?.expectBack(silent, at).then(report('both silent 20 s', silent)),
      ])
    }
    await Promise.all([awake(), connected()])
    await room.expectTalkComplete([media, rust, reset, silent, napping])
    for (const subject of [reset, silent, napping, asleep]) await room.expectUnmuteHeard(subject)
    await room.expectUnnoticed('asleep')
    expect(room.left()).toEqual(['asleep'])
  }, 240_000)
})
