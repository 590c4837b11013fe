/**
 * The portal as a careless proxy shows it to browsers: the host is not passed on. Every page must work under its content
 * policy, forms must be taken, and nothing may lead elsewhere.
 */
import { request as ask, createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, type Page, test } from '@playwright/test'
import { expectInRoom } from './support/people.ts'
import { type Stack, startStack } from './support/stack.ts'

const PASSWORD = 'diemcau-demo-2026'

/** Passes everything on under a host of its own making. */
async function startProxy() {
  let target = 0
  const options = (request: IncomingMessage) => ({
    port: target,
    host: '127.0.0.1',
    method: request.method,
    path: request.url,
    headers: { ...request.headers, host: `127.0.0.1:${target}` },
  })
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const onward = ask(options(request), answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    const onward = ask(options(request))
    onward.on('upgrade', (answer, upstream, rest) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      if (rest.length > 0) socket.write(rest)
      if (head.length > 0) upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
      for (const one of [upstream, socket]) one.on('error', () => one.destroy())
    })
    onward.on('response', () => socket.destroy())
    onward.on('error', () => socket.destroy())
    onward.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    leadTo: (port: number) => {
      target = port
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Everything the browser refused because of the policy. */
async function watchPolicy(page: Page): Promise<string[]> {
  const refused: string[] = []
  await page.exposeFunction('noteViolation', (text: string) => refused.push(text))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      const note = (window as unknown as { noteViolation(text: string): void }).noteViolation
      note(`${event.violatedDirective} ${event.blockedURI} on ${location.pathname}`)
    })
  })
  return refused
}

let proxy: Awaited<ReturnType<typeof startProxy>>
let stack: Stack
test.beforeAll(async () => {
  proxy = await startProxy()
  stack = await startStack({ PUBLIC_URL: proxy.url })
  proxy.leadTo(Number(new URL(stack.baseUrl).port))
})
test.afterAll(async () => {
  await stack?.close()
  await proxy?.close()
})

test('pages work under their policy and forms are taken where the proxy drops the host', async ({
  page,
  context,
}) => {
  const refused = await watchPolicy(page)
  await context.grantPermissions(['camera', 'microphone'], { origin: proxy.url })
  const first = await page.goto(`${proxy.url}/sign-in?next=${encodeURIComponent('/.//evil.example/x')}`)
  const policy = first?.headers()['content-security-policy'] ?? ''
  expect(policy).toMatch(/script-src 'self' 'nonce-[^']+' 'strict-dynamic';/)
  expect(first?.headers()['strict-transport-security']).toBeUndefined()
  const again = await page.request.get(`${proxy.url}/sign-in`)
  expect(again.headers()['content-security-policy']).not.toBe(policy)

  await page.locator('input[name=email]').fill('chair@demo.local')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').first().click()
  await expect(page).toHaveURL(`${proxy.url}/`)

  for (const path of [
    '/meetings',
    '/meetings/new',
    '/recordings',
    '/halls',
    '/outbox',
    '/account',
    '/w/demo-hop-ngay',
  ]) {
    await page.goto(proxy.url + path)
    await expect(page.locator('main, [role=main], h1').first()).toBeVisible()
  }
  // Into the room: the floor's socket through the proxy, the media server's beside it, sound and pictures.
  await page.goto(`${proxy.url}/m/demo-hop-ngay`)
  await page.getByTestId('join-button').click()
  await expectInRoom(page)
  expect(refused).toEqual([])
})

test('what another site asks for is refused in words', async () => {
  const answer = await fetch(`${stack.baseUrl}/sign-in`, {
    method: 'POST',
    headers: { origin: 'https://evil.example', 'next-action': 'x' },
    body: 'x',
  })
  expect(answer.status).toBe(403)
  expect(await answer.text()).toContain(proxy.url)
})
