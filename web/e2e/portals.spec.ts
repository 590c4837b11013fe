/** Two portals behind a balancer, over one database and one Redis; the one with the chair's page is killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test'
import { freePort } from '../../testing/free-port.ts'
import { RedisServer } from '../../testing/redis-server.ts'
import { TcpTurns } from '../../testing/tcp-turns.ts'
import { eventually } from './support/eventually.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'
import { startStack } from './support/stack.ts'

test.skip(!existsSync(process.env.REDIS_SERVER || '/usr/bin/redis-server'), 'there is no redis-server')

const web = fileURLToPath(new URL('../', import.meta.url))

/** One more portal with the settings of that one, on another port. */
async function startBeside(pid: number, port: number): Promise<ChildProcess> {
  const settings = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  const env = Object.fromEntries(
    settings.map(line => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  )
  const child = spawn('node', ['server/main.ts'], {
    cwd: web,
    env: { ...env, PORT: String(port) } as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await eventually(async () => {
    const status = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      response => response.status,
      () => 0,
    )
    return status === 200 ? '' : `its health is ${status}`
  }, 60_000)
  return child
}

async function person(browser: Browser, baseURL: string, contexts: BrowserContext[]): Promise<Page> {
  const context = await browser.newContext({ baseURL, permissions: ['camera', 'microphone'] })
  contexts.push(context)
  return await context.newPage()
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text)
  await page.getByTestId('chat-send').click()
}
const line = (page: Page, text: string) => page.getByTestId('chat-message').filter({ hasText: text })

test('a meeting goes on when one of two portals is killed', async ({ browser }) => {
  const [port, otherPort, address] = [await freePort(), await freePort(), await freePort()]
  const closers: (() => unknown)[] = []
  const contexts: BrowserContext[] = []
  try {
    const redis = await RedisServer.create()
    closers.push(() => redis.close())
    const turns = await TcpTurns.create([otherPort, port], { port: address, inTurn: false })
    closers.push(() => turns.close())
    const stack = await startStack({
      PORT: String(port),
      PUBLIC_URL: `http://localhost:${address}`,
      WEBHOOK_URLS: `http://127.0.0.1:${address}/api/webhooks/livekit`,
      PORTAL_REDIS_URL: redis.url,
      SFU_WORKERS: '1',
    })
    closers.push(() => stack.close())
    const other = await startBeside(stack.pidOf('portal')!, otherPort)
    closers.push(() => other.kill('SIGKILL'))

    const clerk = await person(browser, `http://localhost:${address}`, contexts)
    await signIn(clerk, 'clerk')
    const meeting = await scheduleMeeting(clerk, 'Họp qua hai cổng', { lobby: false })
    const chair = await person(browser, `http://localhost:${address}`, contexts)
    await signIn(chair, 'chair')
    await enterRoom(chair, meeting.joinPath)
    await expectInRoom(chair)
    const guest = await person(browser, `http://localhost:${port}`, contexts)
    await enterRoom(guest, meeting.joinPath, { name: 'Ông Hứa Văn Tài', passcode: meeting.passcode })
    const guestIdentity = await expectInRoom(guest)
    for (const page of [chair, guest]) await page.getByTestId('open-chat').click()

    await say(chair, 'Chào từ cổng thứ nhất')
    await expect(line(guest, 'Chào từ cổng thứ nhất')).toHaveCount(1)
    await say(guest, 'Chào từ cổng thứ hai')
    await expect(line(chair, 'Chào từ cổng thứ hai')).toHaveCount(1)

    other.kill('SIGKILL')
    const from = Date.now()
    await say(chair, 'Sau sự cố')
    await expect(line(guest, 'Sau sự cố')).toHaveCount(1)
    console.log(`the chair was heard ${Date.now() - from} ms after the portal was killed`)
    await guest.getByTestId('toggle-hand').click()
    await expect(
      chair.locator(`[data-testid="tile"][data-identity="${guestIdentity}"]`).getByTestId('tile-hand'),
    ).toBeVisible()
    for (const page of [chair, guest])
      for (const text of ['Chào từ cổng thứ nhất', 'Chào từ cổng thứ hai', 'Sau sự cố'])
        await expect(line(page, text)).toHaveCount(1)

    await chair.getByTestId('end-meeting').click()
    await chair.getByTestId('confirm').click()
    await expect(guest.getByTestId('over-page')).toBeVisible()
    const code = meeting.joinPath.split('/').pop()
    await eventually(async () => {
      const csv = await (await clerk.request.get(`/api/meetings/${code}/attendance/csv`)).text()
      const rows = csv.split('\n').filter(row => row.includes('Ông Hứa Văn Tài'))
      return rows.length === 1 ? '' : `the report names the guest ${rows.length} times`
    }, 30_000)
  } finally {
    for (const context of contexts) await context.close()
    for (const close of closers.reverse()) await close()
  }
})
