/** A running node that is full: ordinary newcomers are refused with the reason, the chair gets in, those who are there notice nothing. */

import { SignalResponse } from '@livekit/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import type { TestGrants } from '../../testing/sfu-access.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'

let sfu: RunningSfu
const sockets: WebSocket[] = []
beforeAll(async () => {
  sfu = await startSfu({
    workers: 1,
    env: {
      SFU_ADMISSION: 'on',
      SFU_PEOPLE_BUDGET: '2',
      // A busy machine must not decide what this test sees.
      SFU_WORKER_BUDGET: '100',
      SFU_WORKER_KEPT_BUDGET: '100',
      SFU_EVENT_LOOP_BUDGET_MS: '0',
      SFU_MEMORY_LEFT_MIB: '0',
    },
  })
})
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await sfu?.stop()
})

/** The first message of a join, or the status with which it was refused. */
async function join(
  identity: string,
  grants: TestGrants = {},
  query = '',
): Promise<{ said: string; text: string; socket: WebSocket }> {
  const token = await sfu.token({ room: 'hall', identity, ...grants })
  const socket = new WebSocket(`${sfu.wsUrl}/rtc?access_token=${token}&protocol=16&sdk=js${query}`)
  sockets.push(socket)
  return await new Promise((resolve, reject) => {
    socket.once('message', data => {
      const { message } = SignalResponse.fromBinary(new Uint8Array(data as Buffer))
      const sid = message.case === 'join' ? (message.value.participant?.sid ?? '') : ''
      resolve({ said: message.case ?? '?', text: sid, socket })
    })
    socket.once('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ said: String(response.statusCode), text, socket }))
    })
    socket.once('error', reject)
  })
}
const people = async () => (await sfu.workers()).reduce((sum, { peers }) => sum + peers, 0)
const figure = async (name: string) => {
  const text = await (await fetch(`${sfu.url}/metrics`)).text()
  return text.split('\n').filter(line => line.startsWith(`diemcau_sfu_${name}{`))
}

it('a full node refuses the last who come with the reason, keeps the chair’s seat, and goes on for those who are there', async () => {
  const first = await join('an')
  await join('binh')
  await eventually(async () => ((await people()) === 2 ? null : `${await people()} people`))

  const refused = await join('chi')
  expect(refused).toMatchObject({ said: '503', text: 'this node is full: it has as many people as it may' })
  expect(await figure('full')).toEqual([
    'diemcau_sfu_full{seat="ordinary"} 1',
    'diemcau_sfu_full{seat="kept"} 0',
  ])

  // The chair is let in, up to a quarter more.
  expect((await join('chair', { keptSeat: true })).said).toBe('join')
  await eventually(async () => ((await people()) === 3 ? null : `${await people()} people`))
  expect((await join('secretary', { keptSeat: true })).said).toBe('503')

  // Who is there comes back to their connection, or with a new one; the API answers; a balancer goes on sending people, and keeps those it has.
  first.socket.terminate()
  expect((await join('an', {}, `&reconnect=1&sid=${first.text}`)).said).toBe('reconnect')
  expect((await join('binh')).said).toBe('join')
  const listed = await sfu.roomService().listParticipants('hall')
  expect(listed.map(({ identity }) => identity).sort()).toEqual(['an', 'binh', 'chair'])
  expect((await fetch(`${sfu.url}/readyz`)).status).toBe(200)

  expect(await figure('refused_full_total')).toEqual([
    'diemcau_sfu_refused_full_total{why="people",seat="kept"} 1',
    'diemcau_sfu_refused_full_total{why="people",seat="ordinary"} 1',
  ])
  for (const identity of ['an', 'chair']) await sfu.roomService().removeParticipant('hall', identity)
  await eventually(async () => {
    const { said } = await join('chi')
    return said === 'join' ? null : `still ${said}`
  })
})
