/** Looking at one page on the three screens it is made for. Test-only. */
import path from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

export const screens = {
  tv: { width: 1920, height: 1080 },
  office: { width: 1366, height: 768 },
  phone: { width: 390, height: 844 },
}
export type Screen = keyof typeof screens

/** What axe finds, one line a rule, with the first places. */
async function accessFaults(page: Page): Promise<string[]> {
  // Nodes fade in for some frames; a half transparent text has no contrast.
  await page.evaluate(async () => {
    const passing = document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity)
    await Promise.all(passing.map(one => one.finished.catch(() => undefined)))
  })
  const { violations } = await new AxeBuilder({ page })
    .options({ rules: { 'label-content-name-mismatch': { enabled: true } } })
    .analyze()
  return violations.map(({ id, nodes }) => {
    const places = nodes.map(node => node.target.join(' ')).slice(0, 4)
    return `${id}: ${places.join(' | ')}`
  })
}

export interface Look {
  /** All of them by default. */
  sizes?: Screen[]
  /** Where axe reads the page; on each size by default. */
  axeOn?: Screen[]
  /** What else holds of this page on each screen. */
  also?: (screen: Screen) => Promise<void>
}

/**
 * On each screen: nothing is wider than it, and axe finds nothing. A failure does not end the test, so that one run tells
 * all. PAGE_SHOTS names a folder for pictures to be looked at.
 */
export async function look(
  page: Page,
  name: string,
  { sizes = ['tv', 'office', 'phone'], axeOn = sizes, also }: Look = {},
): Promise<void> {
  for (const size of sizes) {
    await page.setViewportSize(screens[size])
    // Layouts that measure themselves need a frame or two.
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
    const folder = process.env.PAGE_SHOTS
    if (folder) await page.screenshot({ path: path.join(folder, `${name}-${size}.png`), fullPage: true })
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect.soft(overflow, `${name} on ${size} is wider than its screen`).toBeLessThanOrEqual(0)
    // A table that is too wide stands out of its frame, and the page is as wide as before.
    const wideTables = await page.evaluate(() =>
      [...document.querySelectorAll('table')]
        .filter(
          table => table.checkVisibility() && table.offsetWidth > (table.parentElement?.clientWidth ?? 0) + 2,
        )
        .map(table => table.getAttribute('aria-label') ?? table.caption?.textContent ?? 'a table'),
    )
    expect.soft(wideTables, `wider than their frames in ${name} on ${size}`).toEqual([])
    await also?.(size)
    if (axeOn.includes(size)) expect.soft(await accessFaults(page), `axe on ${name}, ${size}`).toEqual([])
  }
}
