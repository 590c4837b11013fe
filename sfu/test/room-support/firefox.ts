/** A real Firefox (WebDriver BiDi) with the stock livekit-client: each client is a page of its own that page.ts runs in. */
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Browser, launch, type Page } from 'puppeteer-core'
import { type ClientPackage, PageServer } from './page-server.ts'
import { callPage, openClient, type RemoteClient } from './remote-client.ts'

const BINARY = process.env.FIREFOX ?? '/usr/bin/firefox-esr'

/** Why there can be no Firefox on this machine; undefined when there can. `node scripts/setup.mjs --tests` installs it. */
export const noFirefox = existsSync(BINARY) ? undefined : `no Firefox at ${BINARY} (set FIREFOX)`

/** On top of puppeteer's own, which switch off telemetry, updates and first-run pages. */
const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // The SFU of the tests is on the loopback, and so may be all that the machine has.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Nothing outside: no codec download, no probing for portals, no settings service, no safe-browsing lists.
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-manager.url': '',
  'media.gmp-provider.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.region.update.enabled': false,
  'browser.search.update': false,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'extensions.update.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.server': '',
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.push.connection.enabled': false,
  'dom.timeout.enable_budget_timer_throttling': false,
  'dom.min_background_timeout_value': 4,
}

/** Firefox has no candidates on the loopback while there is another interface, and reaches no loopback from that one. */
export function addressForFirefox(): string {
  const found = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  return found.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}

export type FirefoxClient = RemoteClient & { readonly page: Page }

export class TestFirefox {
  readonly #browser: Browser
  readonly #server: PageServer
  readonly #open = new Set<FirefoxClient>()

  private constructor(browser: Browser, server: PageServer) {
    this.#browser = browser
    this.#server = server
  }

  static async create(): Promise<TestFirefox> {
    const server = await PageServer.create()
    const browser = await launch({
      browser: 'firefox',
      executablePath: BINARY,
      headless: true,
      extraPrefsFirefox: PREFERENCES,
      // Calls into a page may wait for a reconnection.
      protocolTimeout: 60_000,
    })
    return new TestFirefox(browser, server)
  }

  async version(): Promise<string> {
    return await this.#browser.version()
  }

  /** A new page with no room yet. */
  async open(client: ClientPackage = 'livekit-client'): Promise<FirefoxClient> {
    const page = await this.#browser.newPage()
    const console: string[] = []
    page.on('console', message => console.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', error => console.push(`pageerror: ${String(error)}`))
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
