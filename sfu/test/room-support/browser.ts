/** A real Chromium with the stock livekit-client: each client is a page of its own that page.ts runs in. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from '@playwright/test'
import { CHROMIUM_SWITCHES, FAKE_MEDIA_SWITCHES } from '../../../testing/chromium-switches.ts'
import { type ClientPackage, PageServer } from './page-server.ts'
import { callPage, openClient, type RemoteClient } from './remote-client.ts'

const SYSTEM_CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

export type BrowserClient = RemoteClient & { readonly page: Page }

export class TestBrowser {
  readonly #browser: Browser
  readonly #server: PageServer
  readonly #open = new Set<BrowserClient>()

  private constructor(browser: Browser, server: PageServer) {
    this.#browser = browser
    this.#server = server
  }

  /** `args`: further switches of Chromium. */
  static async create(args: string[] = []): Promise<TestBrowser> {
    const server = await PageServer.create()
    const browser = await chromium.launch({
      ...(existsSync(SYSTEM_CHROMIUM) ? { executablePath: SYSTEM_CHROMIUM } : {}),
      args: [
        ...CHROMIUM_SWITCHES,
        ...FAKE_MEDIA_SWITCHES,
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
  async open(client: ClientPackage = 'livekit-client'): Promise<BrowserClient> {
    const page = await this.#browser.newPage({ viewport: { width: 800, height: 600 } })
    const console: string[] = []
    page.on('console', message => console.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', error => console.push(`pageerror: ${error.message}`))
    await page.goto(this.#server.urlOf(client))
    const call = (name: string, values: unknown[]) => page.evaluate(callPage, [name, values] as const)
    return openClient(page, console, call, this.#open)
  }

  /** Ends every client that a test left open. */
  async leaveAll(): Promise<void> {
    await Promise.all([...this.#open].map(client => client.leave()))
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await this.#server.close()
  }
}
