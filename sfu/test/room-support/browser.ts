/** A real Chromium with the stock livekit-client: each client is a page of its own that page.ts runs in. */
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { build } from 'esbuild'
import type { PageClient } from './page.ts'

const SYSTEM_CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Methods of PageClient as seen from here: arguments and results pass through JSON. */
type Remote = {
  [K in keyof PageClient as PageClient[K] extends (...args: never[]) => unknown
    ? K
    : never]: PageClient[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

export type BrowserClient = Remote & {
  readonly page: Page
  readonly console: string[]
  events(): Promise<PageClient['events']>
  data(): Promise<PageClient['data']>
  leave(): Promise<void>
}

export class TestBrowser {
  readonly #browser: Browser
  readonly #server: Server
  readonly #origin: string
  readonly #open = new Set<BrowserClient>()

  private constructor(browser: Browser, server: Server) {
    this.#browser = browser
    this.#server = server
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** `args`: further switches of Chromium. */
  static async create(args: string[] = []): Promise<TestBrowser> {
    const scripts = new Map([
      ['/page.js', await bundleOf(path.join(import.meta.dirname, 'page.ts'))],
      ['/e2ee-worker.js', await bundleOf('livekit-client/e2ee-worker')],
    ])
    const server = createServer((request, response) => {
      const script = scripts.get(request.url ?? '')
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script ?? '<!doctype html><title>test</title><body><script src="/page.js"></script>')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const browser = await chromium.launch({
      ...(existsSync(SYSTEM_CHROMIUM) ? { executablePath: SYSTEM_CHROMIUM } : {}),
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        '--autoplay-policy=no-user-gesture-required',
        // Pages in the background must decode and draw like the one in front.
        '--disable-background-timer-throttling',
        '--disable-backgrounding-occluded-windows',
        '--disable-renderer-backgrounding',
        ...args,
      ],
    })
    return new TestBrowser(browser, server)
  }

  /** A new page with no room yet. */
  async open(): Promise<BrowserClient> {
    const page = await this.#browser.newPage({ viewport: { width: 800, height: 600 } })
    const console: string[] = []
    page.on('console', message => console.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', error => console.push(`pageerror: ${error.message}`))
    await page.goto(this.#origin)
    const call = (method: string, args: unknown[]) =>
      page.evaluate(
        ([name, values]) => {
          const target = window.roomClient as unknown as Record<string, (...rest: unknown[]) => unknown>
          return target[name as string]?.(...(values as unknown[]))
        },
        [method, args] as const,
      )
    const own = {
      page,
      console,
      events: () => page.evaluate(() => window.roomClient.events),
      data: () => page.evaluate(() => window.roomClient.data),
      leave: async () => {
        if (!this.#open.delete(client)) return
        await call('disconnect', []).catch(() => {})
        await page.close()
      },
    }
    const client = new Proxy(own, {
      get: (target, name) =>
        name in target || typeof name !== 'string' || name === 'then'
          ? Reflect.get(target, name)
          : (...args: unknown[]) => call(name, args),
    }) as unknown as BrowserClient
    this.#open.add(client)
    return client
  }

  /** Ends every client that a test left open. */
  async leaveAll(): Promise<void> {
    await Promise.all([...this.#open].map(client => client.leave()))
  }

  async close(): Promise<void> {
    await this.#browser.close()
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

async function bundleOf(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
    absWorkingDir: import.meta.dirname,
  })
  return outputFiles[0]?.text ?? ''
}
