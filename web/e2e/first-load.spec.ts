/** No page loads more script than its budget before it works; measured on the build that the browser tests run. */
import { expect, test } from '@playwright/test'
import { firstLoadBytes } from './support/first-load.ts'

/** Kilobytes (1000 bytes) after gzip. React and Next alone are 132. */
const budgets: Record<string, number> = {
  '(portal)': 170,
  'm/[code]': 300,
  'w/[code]': 180,
  'sign-in': 175,
  '(portal)/meetings': 200,
  '(portal)/meetings/[id]': 205,
  '(portal)/meetings/[id]/attendance': 200,
  '(portal)/meetings/new': 280,
  '(portal)/recordings': 190,
  '(portal)/outbox': 190,
  '(portal)/halls': 220,
  '(portal)/users': 255,
  '(portal)/nodes': 200,
  '(portal)/account': 230,
}

for (const [route, budget] of Object.entries(budgets))
  test(`${route} loads at most ${budget} kB of script`, () => {
    const bytes = firstLoadBytes(route)
    expect(bytes).toBeGreaterThan(100_000)
    expect(bytes / 1000).toBeLessThanOrEqual(budget)
  })
