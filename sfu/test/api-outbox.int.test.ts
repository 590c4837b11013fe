import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'

/** Webhooks through failures: a receiver that is down or refuses, a node that stops, a node that is killed. */

let sfu: RunningSfu
let peers: NativePeer[] = []

beforeEach(async () => {
  sfu = await startSfu({ workers: 1 })
})
afterEach(async () => {
  await Promise.all(peers.map(peer => peer.leave()))
  peers = []
  await sfu.stop()
})
afterAll(() => dispose())

async function join(room: string, identity: string): Promise<NativePeer> {
  const peer = await NativePeer.join(sfu, { room, identity })
  peers.push(peer)
  return peer
}
const idsOnce = () => {
  const ids = sfu.webhooks.events.map(({ id }) => id)
  return new Set(ids).size === ids.length
}

describe('webhooks', () => {
  it('wait while the receiver is down or refuses, and then come in order, once', async () => {
    await sfu.webhooks.down()
    const an = await join('MT_1', 'an')
    await an.leave()
    sfu.webhooks.refuse = 503
    await sfu.webhooks.up()
    await sfu.roomService().createRoom({ name: 'MT_2' })
    await sfu.roomService().deleteRoom('MT_2')
    expect(sfu.webhooks.events).toEqual([])
    sfu.webhooks.refuse = 0
    await sfu.webhooks.waitFor(
      ({ event, participant }) => event === 'participant_left' && participant?.identity === 'an',
    )
    await sfu.webhooks.waitFor(({ event, room }) => event === 'room_finished' && room?.name === 'MT_2')
    expect(sfu.webhooks.names('MT_1')).toEqual([
      'room_started',
      'participant_joined:an',
      'participant_left:an',
    ])
    expect(sfu.webhooks.names('MT_2')).toEqual(['room_started', 'room_finished'])
    expect(idsOnce()).toBe(true)
  })

  it('that could not be delivered before an ordinary stop are delivered after the next start', async () => {
    await sfu.webhooks.down()
    await join('MT_1', 'an')
    expect(await sfu.end()).toBe(0)
    await sfu.webhooks.up()
    await sfu.start()
    await sfu.webhooks.waitFor(({ event }) => event === 'room_finished')
    const names = sfu.webhooks.names('MT_1')
    expect(names.slice(0, 4)).toEqual([
      'room_started',
      'participant_joined:an',
      'participant_left:an',
      'room_finished',
    ])
    expect(idsOnce()).toBe(true)
  })

  it('of a killed node: nothing is lost, and what was open is reported ended at its last sign of life', async () => {
    const an = await join('MT_1', 'an')
    const sid = await an.publishCamera()
    await sfu.webhooks.waitFor(({ event }) => event === 'track_published')
    await sfu.webhooks.down()
    // Written down by the node, not received by anyone: the kill must not lose it.
    await join('MT_1', 'binh')
    const killedAtS = Date.now() / 1000
    await sfu.kill()
    await Promise.all(peers.map(peer => peer.leave()))
    await sfu.webhooks.up()
    await sfu.start()
    await sfu.webhooks.waitFor(({ event }) => event === 'room_finished')

    const names = sfu.webhooks.names('MT_1')
    expect(names.slice(0, 4)).toEqual([
      'room_started',
      'participant_joined:an',
      'track_published:an',
      'participant_joined:binh',
    ])
    expect(names.slice(4)).toEqual([
      'track_unpublished:an',
      'participant_left:an',
      'participant_left:binh',
      'room_finished',
    ])
    const endings = sfu.webhooks.events.slice(4)
    for (const ending of endings) {
      expect(Number(ending.createdAt)).toBeLessThanOrEqual(killedAtS)
      expect(Number(ending.createdAt)).toBeGreaterThan(killedAtS - 6)
    }
    expect(endings[0]?.track?.sid).toBe(sid)
    expect(endings[1]?.participant?.sid).toBe(sfu.webhooks.events[1]?.participant?.sid)
    expect(idsOnce()).toBe(true)

    // Reported once: another start has nothing more to say.
    const count = sfu.webhooks.events.length
    await sfu.kill()
    await sfu.start()
    await sfu.roomService().createRoom({ name: 'MT_after' })
    await sfu.webhooks.waitFor(({ room }) => room?.name === 'MT_after')
    expect(sfu.webhooks.events.length).toBe(count + 1)
  })
})

describe('the process', () => {
  it('ends with 0 when asked to, and leaves no worker behind', async () => {
    const [worker] = await sfu.workerPids()
    expect(isAlive(worker!)).toBe(true)
    expect(await sfu.end()).toBe(0)
    await eventually(() => (isAlive(worker!) ? 'the worker still runs' : null))
  })

  it('leaves no worker behind when killed', async () => {
    const [worker] = await sfu.workerPids()
    await sfu.kill()
    await eventually(() => (isAlive(worker!) ? 'the worker still runs' : null))
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: gone.
    return false
  }
}
