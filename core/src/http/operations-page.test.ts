import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { serveOperations } from './operations-page.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'

async function open(text: () => Promise<string>) {
  const state: { reason: string | undefined } = { reason: undefined }
  const server = createServer(async (request, response) => {
    const isServed = await serveOperations(request, response, {
      metrics: { contentType: 'text/plain; version=0.0.4', text },
      access: { token: TOKEN, production: true },
      notReady: () => state.reason,
    })
    if (!isServed) response.end('a page')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    return { status: response.status, body: await response.text() }
  }
  return { state, ask }
}

it('says whether it is ready, and why not', async () => {
  const { state, ask } = await open(async () => '')
  expect(await ask('/readyz')).toEqual({ status: 200, body: '{"status":"ready"}' })
  state.reason = 'the database does not answer'
  expect(await ask('/readyz?x=1')).toEqual({
    status: 503,
    body: '{"status":"not ready","reason":"the database does not answer"}',
  })
})

it('shows figures to whoever has the token, and leaves all else to others', async () => {
  const { ask } = await open(async () => 'diemcau_x 1\n')
  expect(await ask('/metrics', TOKEN)).toEqual({ status: 200, body: 'diemcau_x 1\n' })
  expect((await ask('/metrics')).status).toBe(404)
  expect((await ask('/metrics', 'wrong')).status).toBe(404)
  expect((await ask('/metricsx')).body).toBe('a page')
  expect((await ask('/')).body).toBe('a page')
})

it('answers 503 when there are no figures', async () => {
  const { ask } = await open(() => Promise.reject(new Error('away')))
  expect((await ask('/metrics', TOKEN)).status).toBe(503)
})
