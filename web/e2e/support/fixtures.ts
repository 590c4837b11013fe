/** One running product for all browser tests of a run; every person is a browser profile of their own. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, test as base, type Page } from '@playwright/test'
import { type Stack, startStack } from './stack.ts'

const images = fileURLToPath(new URL('../../../docs/images', import.meta.url))

interface Fixtures {
  /** Opens a new browser profile; closed at the end of the test. */
  newPerson: (options?: {
    phone?: boolean
    prepare?: (context: BrowserContext) => Promise<void>
  }) => Promise<Page>
  /** Keeps a picture of the page for the README when UPDATE_SCREENSHOTS is set. */
  picture: (page: Page, name: string) => Promise<void>
}

export const test = base.extend<Fixtures, { stack: Stack }>({
  stack: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern.
    async ({}, use) => {
      const stack = await startStack()
      await use(stack)
      await stack.close()
    },
    { scope: 'worker', timeout: 150_000 },
  ],
  newPerson: async ({ browser, stack }, use) => {
    const contexts: BrowserContext[] = []
    await use(async options => {
      const context = await browser.newContext({
        baseURL: stack.baseUrl,
        permissions: ['camera', 'microphone'],
        ...(options?.phone ? { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } : {}),
      })
      contexts.push(context)
      await options?.prepare?.(context)
      return context.newPage()
    })
    for (const context of contexts) await context.close()
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from the pattern.
  picture: async ({}, use) => {
    await use(async (page, name) => {
      if (!process.env.UPDATE_SCREENSHOTS) return
      mkdirSync(images, { recursive: true })
      await page.screenshot({ path: path.join(images, `${name}.png`) })
    })
  },
})

export { expect } from '@playwright/test'
