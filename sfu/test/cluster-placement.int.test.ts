/** Who comes to a node of three is served where their room is, and by another node when that one is full; everybody sees and hears the room. */
import { SignalResponse } from '@livekit/protocol'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import type { TestGrants } from '../../testing/sfu-access.ts'
import { Ground } from './cluster-support/ground.ts'
import { expectHeardLoud, expectSeen } from './cluster-support/scenarios/media.ts'
import { openTogether } from './cluster-support/set-ups.ts'

const NO_BROWSER = () => Promise.reject(new Error('no browser in this test'))
/** People a node takes; with kept seats one more. */
const MOST = 2

let ground: Ground
const sockets: WebSocket[] = []
beforeAll(async () => {
  const open: Parameters<typeof Ground.create>[0]['open'] = webhooks =>
    openTogether(webhooks, 3, undefined, {
      SFU_NODE_PLACEMENT: 'gather',
      SFU_ADMISSION: 'on',
      SFU_PEOPLE_BUDGET: String(MOST),
      // A busy machine must not decide what this test sees.
      SFU_WORKER_BUDGET: '100',
      SFU_WORKER_KEPT_BUDGET: '100',
      SFU_EVENT_LOOP_BUDGET_MS: '0',
      SFU_MEMORY_LEFT_MIB: '0',
    })
  ground = await Ground.create({ name: 'three nodes of one process', open }, NO_BROWSER)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await ground.reset()
})
afterAll(async () => {
  await ground?.close()
  await dispose()
})

/** Signalling alone: 'join', or the status with which it was refused. */
async function knock(room: string, identity: string, at: number, grants: TestGrants = {}): Promise<string> {
  const node = ground.node(at)
  const token = await node.token({ room, identity, ...grants })
  const socket = new WebSocket(`${node.wsUrl}/rtc?access_token=${token}&protocol=16&sdk=js`)
  sockets.push(socket)
  return await new Promise((resolve, reject) => {
    socket.once('message', data =>
      resolve(SignalResponse.fromBinary(new Uint8Array(data as Buffer)).message.case ?? '?'),
    )
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(String(response.statusCode))
    })
    socket.once('error', reject)
  })
}
const placements = async (at: number) => {
  const text = await (await fetch(`${ground.node(at).url}/metrics`)).text()
  return text
    .split('\n')
    .flatMap(line => /^diemcau_sfu_node_placements_total(\{.*) \d+$/.exec(line)?.[1] ?? [])
}

it('newcomers are gathered at the node that has their room, a full one hands them on, and all see and hear the room', async () => {
  const room = ground.newRoom()
  const an = await ground.join(room, 'an', {}, { at: 0 })
  await Promise.all([an.publishCamera(), an.publishMicrophone()])
  await eventually(async () =>
    (await ground.connected()).join() === '1,0,0' ? null : `${await ground.connected()}`,
  )

  // By another node, to where the room is.
  const binh = await ground.join(room, 'binh', {}, { at: 1 })
  await eventually(async () =>
    (await ground.connected()).join() === '2,0,0' ? null : `${await ground.connected()}`,
  )
  expect(await placements(1)).toEqual(['{why="room",where="elsewhere"}'])

  // By the node of the room, which is full now: to another one.
  const chi = await ground.join(room, 'chi', {}, { at: 0 })
  await ground.expectListed(room, ['an', 'binh', 'chi'])
  const [home, ...others] = await ground.connected()
  expect(home).toBe(MOST)
  expect(others.sort()).toEqual([0, 1])
  await Promise.all([
    expectSeen(binh, 'an'),
    expectHeardLoud(binh, 'an'),
    expectSeen(chi, 'an'),
    expectHeardLoud(chi, 'an'),
  ])
  await chi.publishMicrophone()
  await Promise.all([expectHeardLoud(an, 'chi'), expectHeardLoud(binh, 'chi')])
})

it('when all nodes are full an ordinary newcomer is refused and the chair gets in, by whichever node they come', async () => {
  const room = ground.newRoom()
  const all = Array.from({ length: 3 * MOST }, (_, n) => `viewer-${n}`)
  // What the others say of themselves is up to some seconds old, and they are not sent more than they can take.
  for (const [n, identity] of all.entries())
    await eventually(
      async () => {
        const said = await knock(room, identity, n)
        return said === 'join' ? null : `${identity}: ${said}`
      },
      60_000,
      250,
    )
  await eventually(async () => {
    const connected = await ground.connected()
    return connected.every(count => count === MOST) ? null : `${connected}`
  })
  expect(await knock(room, 'late', 0)).toBe('503')
  expect(await knock(room, 'late', 1)).toBe('503')
  expect(await knock(room, 'chair', 2, { keptSeat: true })).toBe('join')
})
