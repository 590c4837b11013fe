import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { CHROMIUM_SWITCHES, FAKE_MEDIA_SWITCHES } from './chromium-switches.ts'
import type { ReceivedData } from './native-peer.ts'

/** Chromium with fake devices, and the stock livekit-client on pages served from localhost (getUserMedia asks for that). */
export class TestBrowser {
  readonly #browser: Browser
  readonly #server: Server
  readonly #url: string

  private constructor(browser: Browser, server: Server) {
    this.#browser = browser
    this.#server = server
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  static async create(): Promise<TestBrowser> {
    // What `require` finds is the bundle for script tags.
    const bundle = await readFile(createRequire(import.meta.url).resolve('livekit-client'))
    const script = await readFile(path.join(import.meta.dirname, 'browser-page.js'))
    const files: Record<string, [string, string | Buffer]> = {
      '/': [
        'text/html',
        '<!doctype html><title>peer</title><script src="/client.js"></script><script src="/page.js"></script>',
      ],
      '/client.js': ['text/javascript', bundle],
      '/page.js': ['text/javascript', script],
    }
    const server = createServer((request, response) => {
      const [type, body] = files[request.url ?? ''] ?? []
      if (body === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const system = process.env.CHROMIUM ?? '/usr/bin/chromium'
    const browser = await chromium.launch({
      executablePath: existsSync(system) ? system : undefined,
      args: [...CHROMIUM_SWITCHES, ...FAKE_MEDIA_SWITCHES, '--disable-features=WebRtcHideLocalIpsWithMdns'],
    })
    return new TestBrowser(browser, server)
  }

  /** A page of its own context, as another user's browser would be. The browser's `close` closes it. */
  async open(): Promise<BrowserPeer> {
    const context = await this.#browser.newContext({ permissions: ['camera', 'microphone'] })
    const page = await context.newPage()
    await page.goto(this.#url)
    return new BrowserPeer(page)
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await new Promise(resolve => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
  }
}

/** One livekit-client Room in a page; the functions are those of browser-page.js. */
export class BrowserPeer {
  readonly page: Page
  constructor(page: Page) {
    this.page = page
  }
  /** Milliseconds `connect` took. */
  join = (url: string, token: string) => this.#call<number>('join', url, token)
  timedJoin = (url: string, token: string) =>
    this.#call<{ connectedMs: number; firstFrameMs: number }>('timedJoin', url, token)
  /** Camera and microphone of the fake devices; the sids of the tracks. */
  publish = () => this.#call<string[]>('publish')
  receivedFrom = (identity: string) =>
    this.#call<{ framesDecoded: number; totalAudioEnergy: number; frameWidth: number }>(
      'receivedFrom',
      identity,
    )
  send = (text: string, options: { reliable: boolean; topic?: string; to?: string[] }) =>
    this.#call<void>('send', text, options)
  data = () => this.page.evaluate<ReceivedData[]>('peer.data')
  identities = () => this.#call<string[]>('identities')
  disconnectedBy = () => this.#call<number | null>('disconnectedBy')
  state = () => this.#call<string>('state')
  leave = () => this.#call<void>('leave')

  #call<T>(name: string, ...args: unknown[]): Promise<T> {
    const list = args.map(arg => (arg === undefined ? 'undefined' : JSON.stringify(arg))).join(',')
    return this.page.evaluate<T>(`peer.${name}(${list})`)
  }
}
