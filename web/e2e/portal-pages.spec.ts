/**
 * Every page of the portal in every state of its meeting, for those who may see it, on a hall's TV, an office screen and a
 * phone: nothing is wider than the screen, the main part has the room it needs, and axe finds nothing.
 */
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixtures.ts'
import { look, screens } from './support/look.ts'
import { scheduleMeeting, signIn } from './support/people.ts'
import { vi } from './support/texts.ts'

/** What sticks out of the screen, and widths in CSS pixels of a page's parts. */
const measure = (page: Page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    const hidden = (element: Element) => element.closest('[aria-hidden=true], .sr-only') !== null
    /** What scrolls by itself, such as a row of tabs on a phone. */
    const scrolls = (element: Element): boolean =>
      element.parentElement !== null &&
      (['auto', 'scroll'].includes(getComputedStyle(element.parentElement).overflowX) ||
        scrolls(element.parentElement))
    const outside = [...document.body.querySelectorAll('main *, header *, nav *')].filter(element => {
      const box = element.getBoundingClientRect()
      return (
        box.width > 1 &&
        box.height > 1 &&
        (box.right > width + 1 || box.left < -1) &&
        !hidden(element) &&
        !scrolls(element)
      )
    })
    const part = (id: string) =>
      document.querySelector(`[data-testid=${id}]`)?.getBoundingClientRect().width ?? null
    return {
      outside: outside.slice(0, 3).map(element => element.outerHTML.slice(0, 160)),
      main: document.querySelector('main')?.getBoundingClientRect().width ?? 0,
      facts: part('meeting-facts'),
      body: part('meeting-body'),
    }
  })

/**
 * Opens a page, looks at it on each screen, and checks what holds for all of the portal's. `wide`: the least share of the main
 * part's width that a meeting's facts and body have on a wide screen.
 */
async function visit(page: Page, address: string, name: string, wide = 0): Promise<void> {
  await page.setViewportSize(screens.tv)
  await page.goto(address)
  await expect(page.locator('main').first()).toBeVisible()
  await look(page, name, {
    axeOn: ['phone'],
    also: async screen => {
      const seen = await measure(page)
      expect.soft(seen.outside, `${name} on ${screen}`).toEqual([])
      if (wide === 0) return
      // On a phone nothing stands beside the main part; on wide screens it keeps more than half.
      const least = screen === 'phone' ? 0.85 : wide
      for (const part of ['facts', 'body'] as const)
        expect.soft(seen[part], `${part} of ${name} on ${screen}`).toBeGreaterThan(seen.main * least)
    },
  })
}

test('every page fits its screen in every state of its meeting', async ({ newPerson }) => {
  test.setTimeout(420_000)
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const hrefOf = async (title: string, scope: string) => {
    await clerk.goto(`/meetings?scope=${scope}&q=${encodeURIComponent(title)}`)
    const link = clerk.getByRole('link', { name: title, exact: true }).and(clerk.locator(':visible')).first()
    return (await link.getAttribute('href')) ?? ''
  }
  const called = await scheduleMeeting(
    clerk,
    'Uỷ ban nhân dân xã Phượng Tiến – họp bàn giao hội trường tầng 2',
    { lobby: true },
  )
  const paths = {
    due: await hrefOf('Giao ban trực tuyến toàn tỉnh', 'all'),
    planned: await hrefOf('Tiếp xúc cử tri trước kỳ họp cuối năm', 'upcoming'),
    ended: await hrefOf('Triển khai chính quyền địa phương hai cấp', 'past'),
    cancelled: `/meetings/${called.meetingId}`,
  }

  await test.step('the form, with every hall of the province', async () => {
    await clerk.goto('/meetings/new')
    await clerk.getByRole('button', { name: /^Chọn cả/ }).click()
    await expect(clerk.getByText(/Đã chọn \d+ hội trường/)).toBeVisible()
    // The draft is kept, so that the form opens as it was left.
    const kept = () => clerk.evaluate(() => localStorage.getItem('diemcau:draft:new')?.length ?? 0)
    await expect.poll(kept).toBeGreaterThan(500)
    await visit(clerk, '/meetings/new', 'new')
    await expect(clerk.getByText(/Đã chọn \d+ hội trường/)).toBeVisible()
  })

  await test.step('a meeting is called off', async () => {
    await clerk.setViewportSize(screens.office)
    await clerk.goto(paths.cancelled)
    await clerk.getByRole('button', { name: vi('portal.meeting.cancel') }).click()
    await clerk.getByRole('dialog').getByRole('textbox').fill('Hoãn vì bão số 9')
    await clerk
      .getByRole('dialog')
      .getByRole('button', { name: vi('portal.meeting.cancelConfirm') })
      .click()
    await expect(clerk.getByText(vi('portal.meeting.cancelledTitle'))).toBeVisible()
  })

  const people = { clerk, chair: await newPerson(), official1: await newPerson() }
  await signIn(people.chair, 'chair')
  await signIn(people.official1, 'official1')
  for (const [who, page] of Object.entries(people))
    await test.step(`what ${who} sees of meetings`, async () => {
      await visit(page, '/', `home-${who}`)
      await visit(page, '/meetings?scope=all', `list-${who}`)
      for (const [state, address] of Object.entries(paths))
        if (who !== 'official1' || state !== 'cancelled')
          await visit(
            page,
            address,
            `meeting-${state}-${who}`,
            state === 'ended' || state === 'cancelled' ? 0.9 : 0.5,
          )
    })

  await test.step('pages beside the meeting', async () => {
    await visit(clerk, `${paths.planned}/edit`, 'edit')
    for (const state of ['due', 'planned', 'ended', 'cancelled'] as const)
      await visit(clerk, `${paths[state]}/attendance`, `attendance-${state}`)
    await visit(clerk, '/recordings', 'recordings')
    await visit(clerk, `/recordings?meeting=${paths.ended.split('/').pop()}`, 'recordings-none')
    await visit(clerk, '/outbox', 'outbox')
    await visit(clerk, '/outbox?q=kh%C3%B4ng-c%C3%B3', 'outbox-none')
    await visit(clerk, '/account', 'account')
    await visit(clerk, '/meetings?scope=all&q=kh%C3%B4ng-c%C3%B3', 'list-none')
    await visit(clerk, '/meetings/MT_nothing', 'not-found')
    const admin = await newPerson()
    await signIn(admin, 'admin')
    await visit(admin, '/halls', 'halls')
    await visit(admin, '/users', 'users')
  })

  await test.step('pages for those who are not signed in', async () => {
    const stranger = await newPerson()
    await visit(stranger, '/sign-in', 'sign-in')
    await visit(stranger, '/m/demo-hop-ngay', 'entrance')
    await visit(stranger, '/m/demo-hop-ngay?as=guest', 'check-guest')
    await visit(stranger, '/m/demo-da-hop', 'over-ended')
    await visit(stranger, called.joinPath, 'over-cancelled')
    await visit(stranger, '/m/no-such-meeting', 'over-none')
    await visit(stranger, '/w/demo-tiep-xuc-cu-tri', 'watch-planned')
    await visit(stranger, '/w/demo-da-hop', 'watch-ended')
    await visit(stranger, '/w/no-such-meeting', 'watch-none')
    await visit(stranger, '/no-such-page', 'not-found-stranger')
  })
})
