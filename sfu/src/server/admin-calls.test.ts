import type { IncomingMessage } from 'node:http'
import { mintAccessToken } from '@diemcau/core/livekit/access-token.ts'
import { expect, it } from 'vitest'
import { someReport } from '../../test/node-report.ts'
import { silentLog } from '../room/base/log.ts'
import { createAdminCalls } from './admin-calls.ts'
import { createTokenVerifier } from './verify-token.ts'

const KEY = { key: 'testkey', secret: '0123456789abcdef0123456789abcdef' }
const drained: string[] = []
const ordered: unknown[] = []
const call = createAdminCalls({
  verify: createTokenVerifier([KEY]),
  report: async () => someReport(),
  drain: {
    begin: () => {
      drained.push('begin')
      return { state: 'going', left: 3, refusal: null }
    },
    end: () => {
      drained.push('end')
      return { state: 'none', left: 3, refusal: null }
    },
  },
  nodes: {
    report: async () => ({ nodes: [] }),
    drain: async (incarnation, order) => {
      ordered.push({ incarnation, ...order })
      return { state: 'going', left: 3, refusal: null }
    },
  },
  log: silentLog,
})
const request = (method: string, token: string, query = '') =>
  ({
    method,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    url: `/admin/node${query}`,
  }) as IncomingMessage
const token = (video: object) => mintAccessToken(KEY, { identity: 'operator', video }, 60)

it('answers whoever holds the grant of the API’s key', async () => {
  const admin = await token({ nodeAdmin: true })
  expect(await call(request('GET', admin), '/admin/node')).toEqual({ status: 200, body: someReport() })
  expect(await call(request('POST', admin), '/admin/drain')).toMatchObject({ status: 202, body: { left: 3 } })
  expect(await call(request('DELETE', admin), '/admin/drain')).toMatchObject({ status: 200 })
  expect(drained.splice(0)).toEqual(['begin', 'end'])
  await expect(call(request('GET', admin), '/admin/drain')).rejects.toThrow('no such call')
  expect(await call(request('GET', admin), '/healthz')).toBeUndefined()
})

it('refuses everybody else: no token, one of a participant, one of a chair, one of another key, one in the address', async () => {
  for (const video of [
    {},
    { roomJoin: true, room: 'MT_1' },
    { roomAdmin: true, room: 'MT_1', roomCreate: true },
  ])
    await expect(call(request('POST', await token(video)), '/admin/drain')).rejects.toThrow('nodeAdmin')
  const other = await mintAccessToken({ ...KEY, secret: 'f'.repeat(32) }, { video: { nodeAdmin: true } }, 60)
  await expect(call(request('POST', other), '/admin/drain')).rejects.toThrow('another secret')
  await expect(call(request('POST', ''), '/admin/drain')).rejects.toThrow('no access token')
  const inAddress = request('GET', '', `?access_token=${await token({ nodeAdmin: true })}`)
  await expect(call(inAddress, '/admin/node')).rejects.toThrow('no access token')
  expect(drained).toEqual([])
})

it('answers for all nodes, and drains the one that is named', async () => {
  const admin = await token({ nodeAdmin: true })
  expect(await call(request('GET', admin), '/admin/nodes')).toEqual({ status: 200, body: { nodes: [] } })
  expect(await call(request('POST', admin), '/admin/nodes/ND_2/drain')).toMatchObject({ status: 202 })
  expect(await call(request('DELETE', admin), '/admin/nodes/ND_2/drain')).toMatchObject({ status: 200 })
  expect(ordered).toEqual([
    { incarnation: 'ND_2', isWanted: true, by: 'operator' },
    { incarnation: 'ND_2', isWanted: false, by: 'operator' },
  ])
  for (const path of ['/admin/nodes/ND_2', '/admin/nodes//drain', '/admin/nodes/a/b/drain'])
    await expect(call(request('POST', admin), path)).rejects.toThrow('no such call')
})
