import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EgressInfo, ListEgressResponse } from '@livekit/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { createRecorders } from './egress-recorders.ts'

/** Servers that answer as recorders do, over the network. */
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

interface Facts {
  health: object
  egressIds?: string[]
  /** Status of what is no list. */
  status?: number
}

async function recorder({ health, egressIds = [], status = 200 }: Facts) {
  const calls: string[] = []
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      response.end(JSON.stringify({ status: 'ok', ...health }))
      return
    }
    const method = request.url?.split('/').at(-1) ?? ''
    calls.push(method)
    if (method === 'ListEgress') {
      const items = egressIds.map(
        (egressId, index) => new EgressInfo({ egressId, startedAt: BigInt(index + 1) }),
      )
      response.writeHead(200, { 'content-type': 'application/protobuf' })
      response.end(new ListEgressResponse({ items }).toBinary())
      return
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9'
const call = (method: string) => ({
  route: `livekit.Egress/${method}`,
  contentType: 'application/protobuf',
  authorization: '',
  body: new Uint8Array(),
})
const idsOf = (body: Uint8Array | string) =>
  ListEgressResponse.fromBinary(body as Uint8Array).items.map(({ egressId }) => egressId)

describe('several recorders', () => {
  it('take a new recording by room: places first, then what runs; one that refuses is passed over', async () => {
    const full = await recorder({ health: { running: 0, free: 0 } })
    const busy = await recorder({ health: { running: 2, free: 6 } })
    const idle = await recorder({ health: { running: 1, free: 7 }, status: 429 })
    const answer = await createRecorders([full.url, AWAY, busy.url, idle.url])(
      call('StartRoomCompositeEgress'),
    )
    expect(answer.status).toBe(200)
    expect([full.calls.length, idle.calls.length, busy.calls.length]).toEqual([0, 1, 1])
  })

  it('that share a folder answer for one another', async () => {
    const store = 'one'
    const health = { running: 0, store }
    const a = await recorder({ health, egressIds: ['EG_1'] })
    const b = await recorder({ health, egressIds: ['EG_1'] })
    expect(idsOf((await createRecorders([AWAY, a.url, b.url])(call('ListEgress'))).body)).toEqual(['EG_1'])
  })

  it('with folders of their own are listed together, and not at all when one is away', async () => {
    const a = await recorder({ health: { running: 0 }, egressIds: ['EG_1', 'EG_3'] })
    const b = await recorder({ health: { running: 0 }, egressIds: ['EG_0', 'EG_2'] })
    const ids = idsOf((await createRecorders([a.url, b.url])(call('ListEgress'))).body)
    expect(ids.toSorted()).toEqual(['EG_0', 'EG_1', 'EG_2', 'EG_3'])
    await expect(createRecorders([a.url, AWAY])(call('ListEgress'))).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('are asked for a recording until one knows it; that none does is said only when all were heard', async () => {
    const health = { running: 0 }
    const stranger = await recorder({ health, status: 404 })
    const owner = await recorder({ health, status: 200 })
    expect((await createRecorders([stranger.url, owner.url])(call('StopEgress'))).status).toBe(200)
    const other = await recorder({ health, status: 404 })
    expect((await createRecorders([stranger.url, other.url])(call('StopEgress'))).status).toBe(404)
    await expect(createRecorders([stranger.url, AWAY])(call('StopEgress'))).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})
