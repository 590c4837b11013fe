/** The administrator's page of media servers: one alone, and a real cluster of three of which one is drained by the button. */
import { existsSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixtures.ts'
import { type Look, look, screens } from './support/look.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'
import { type Stack, startStack } from './support/stack.ts'
import { vi } from './support/texts.ts'

/** Leaves the page as wide as in an office: on a phone the list of rooms is no table. */
async function lookAt(page: Page, name: string, options: Look): Promise<void> {
  await look(page, name, options)
  await page.setViewportSize(screens.office)
}
const nodes = (page: Page) => page.getByTestId('node')
const nodeNamed = (page: Page, name: string) => page.locator(`[data-testid=node][data-node="${name}"]`)
const stateOf = (page: Page, name: string) => nodeNamed(page, name).getByTestId('node-state')
/** Waits for the first sample of its load, which a node takes after a quarter of a minute. */
const expectLoads = (page: Page, name: string) =>
  expect(nodeNamed(page, name).getByText(vi('portal.nodes.nothingYet'))).toHaveCount(0, { timeout: 60_000 })

test('one media server is shown as alone, to administrators only; when it does not answer the page says so', async ({
  newPerson,
  stack,
}) => {
  test.setTimeout(180_000)
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const refused = await clerk.goto('/nodes')
  expect(refused?.status()).toBe(404)
  await clerk.close()

  const admin = await newPerson()
  await signIn(admin, 'admin')
  await admin
    .getByRole('link', { name: vi('portal.nav.nodes') })
    .and(admin.locator(':visible'))
    .first()
    .click()
  await expect(nodes(admin)).toHaveCount(1)
  await expect(admin.getByText(vi('portal.nodes.alone'))).toBeVisible()
  await expect(nodes(admin).getByText(vi('portal.nodes.refusedAlone'))).toBeVisible()
  await expect(admin.getByTestId('drain')).toHaveCount(0)
  await expect(nodes(admin).getByText(vi('portal.nodes.nothingYet'))).toHaveCount(0, { timeout: 60_000 })
  await lookAt(admin, 'nodes-alone', { axeOn: ['phone', 'tv'] })

  const pid = stack.pidOf('sfu')!
  process.kill(pid, 'SIGSTOP')
  try {
    await expect(admin.getByText(vi('portal.nodes.away'))).toBeVisible({ timeout: 60_000 })
    await lookAt(admin, 'nodes-away', { axeOn: ['phone'] })
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  // It comes back by itself.
  await expect(nodes(admin)).toHaveCount(1, { timeout: 60_000 })
})

test.describe('three nodes', () => {
  test.skip(!existsSync(process.env.REDIS_SERVER || '/usr/bin/redis-server'), 'there is no redis-server')

  test('one is drained by the button while a meeting goes on, and takes people again', async ({
    browser,
  }) => {
    test.setTimeout(300_000)
    const stack: Stack = await startStack({ SFU_WORKERS: '1' }, undefined, ['--cluster'])
    const person = async () => {
      const context = await browser.newContext({
        baseURL: stack.baseUrl,
        permissions: ['camera', 'microphone'],
      })
      return await context.newPage()
    }
    try {
      const clerk = await person()
      await signIn(clerk, 'clerk')
      const title = 'Uỷ ban nhân dân xã Phượng Tiến – giao ban qua ba máy chủ'
      const meeting = await scheduleMeeting(clerk, title, { lobby: false })
      await clerk.close()
      const chair = await person()
      await signIn(chair, 'chair')
      await enterRoom(chair, meeting.joinPath)
      await expectInRoom(chair)

      const admin = await person()
      await signIn(admin, 'admin')
      await admin.goto('/nodes')
      const names = ['node-1', 'node-2', 'node-3']
      await expect(nodes(admin)).toHaveCount(3)
      for (const name of names) await expect(stateOf(admin, name)).toHaveText(vi('portal.nodes.state.up'))
      await expect(admin.getByText(title).and(admin.locator(':visible'))).toBeVisible()
      for (const name of names) await expectLoads(admin, name)

      // The node that has the chair; its parts are shown by the keyboard, and stay open while the page keeps itself up to date.
      const place = admin.getByRole('row').filter({ hasText: title }).getByRole('listitem').first()
      const from = /^node-\d/.exec((await place.textContent()) ?? '')?.[0] ?? ''
      expect(names).toContain(from)
      const card = nodeNamed(admin, from)
      await card.locator('summary').focus()
      await admin.keyboard.press('Enter')
      await expect(card.getByRole('table')).toHaveCount(2)
      await expect(card.getByRole('table').first().getByRole('row')).toHaveCount(2)
      // Its two links stand.
      await expect(card.getByRole('table').last().getByText(vi('portal.nodes.linkUp'))).toHaveCount(2)
      await lookAt(admin, 'nodes-three', { axeOn: ['phone', 'tv'] })

      // Nothing happens before the question is answered.
      await card.getByTestId('drain').focus()
      await admin.keyboard.press('Enter')
      const question = admin.getByRole('dialog')
      await expect(question).toContainText(from)
      await lookAt(admin, 'nodes-question', { axeOn: ['phone'] })
      await admin.keyboard.press('Escape')
      await expect(question).toHaveCount(0)
      await expect(stateOf(admin, from)).toHaveText(vi('portal.nodes.state.up'))
      await card.getByTestId('drain').click()
      await question.getByRole('button', { name: vi('portal.nodes.drainConfirm') }).click()
      await expect(question).toHaveCount(0)
      await expect(stateOf(admin, from)).toHaveText(vi('portal.nodes.state.drained'), { timeout: 60_000 })
      await expect(card).toContainText('Không còn ai ở máy chủ này', { timeout: 60_000 })
      await expect(card.locator('details')).toHaveAttribute('open', '')
      // The chair is at another one, in the same meeting.
      await expect(place).not.toContainText(from, { timeout: 60_000 })
      await expect(place).toContainText(/^node-\d/)
      await expectInRoom(chair)
      await lookAt(admin, 'nodes-drained', { axeOn: ['phone'] })

      await card.getByTestId('take-in').click()
      await expect(stateOf(admin, from)).toHaveText(vi('portal.nodes.state.up'), { timeout: 30_000 })
      await expect(card.getByTestId('drain')).toBeVisible()

      await Promise.all([admin.close(), chair.close()])
    } finally {
      await stack.close()
    }
  })
})
