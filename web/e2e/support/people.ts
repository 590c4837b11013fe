/** What people do in the portal and in the room, as one function a deed. */
import { matches } from '@diemcau/core/text/fold.ts'
import { expect, type Page } from '@playwright/test'
import { vi } from './texts.ts'

export const DEMO_PASSWORD = 'diemcau-demo-2026'

/** Signs in with a demo account, e.g. `clerk`. */
export async function signIn(page: Page, account: string): Promise<void> {
  await page.goto('/sign-in')
  await page.locator('#email').fill(`${account}@demo.local`)
  await page.locator('#password').fill(DEMO_PASSWORD)
  await page.getByRole('button', { name: vi('portal.signIn.submit') }).click()
  await expect(page).not.toHaveURL(/sign-in/)
}

/** Types into a box of choices and takes the first that is offered. */
export async function choose(page: Page, fieldId: string, typed: string): Promise<void> {
  const field = page.locator(`#${fieldId}`)
  await field.click()
  await field.fill(typed)
  const first = page.getByRole('option').first()
  // The list still shows the former choices for a moment, or has just come.
  await expect.poll(async () => matches((await first.textContent()) ?? '', typed)).toBe(true)
  await first.click()
}

const vietnamTime = (date: Date) => {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Asia/Ho_Chi_Minh',
    ...{
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hour12: false,
    },
  }).formatToParts(date)
  const part = (type: string) => parts.find(one => one.type === type)?.value ?? ''
  return {
    date: `${part('day')}/${part('month')}/${part('year')}`,
    time: `${part('hour')}:${part('minute')}`,
  }
}

export interface Scheduled {
  meetingId: string
  /** Path of the join link, e.g. /m/abc-defg-hjk */
  joinPath: string
  passcode: string
}

/** Schedules a meeting for now through the form: demo chair and secretary, one hall, guests and watching allowed, recorded. */
export async function scheduleMeeting(
  page: Page,
  title: string,
  options: { lobby: boolean; kind?: 'voter_contact'; afterFilling?: () => Promise<void> },
): Promise<Scheduled> {
  await page.goto('/meetings/new')
  await page.locator('#title').fill(title)
  if (options.kind)
    await page
      .getByText(vi(`portal.meeting.kind.${options.kind}`), { exact: true })
      .first()
      .click()
  const start = vietnamTime(new Date(Date.now() - 60_000))
  const end = vietnamTime(new Date(Date.now() + 2 * 3_600_000))
  await page.locator('#startsAt').fill(start.date)
  await page.locator('#startsAt-time').fill(start.time)
  await page.locator('#endsAt').fill(end.date)
  await page.locator('#endsAt-time').fill(end.time)
  await choose(page, 'chairId', 'pham hoang son')
  await choose(page, 'secretaryId', 'le minh chau')
  // By its own name: others may be in that unit.
  await choose(page, 'hallIds', 'hoi truong tan cuong')
  await page.keyboard.press('Escape')
  for (const [rule, wanted] of Object.entries({
    lobby: options.lobby,
    guestsAllowed: true,
    watchAllowed: true,
    recorded: true,
  })) {
    const toggle = page.getByRole('switch', { name: vi(`portal.form.${rule}`) })
    if ((await toggle.getAttribute('aria-checked')) !== String(wanted)) await toggle.click()
  }
  await options.afterFilling?.()
  // Without a mail server there is nothing to send.
  const names = [vi('portal.form.create'), vi('portal.form.createOnly')]
  await page.getByRole('button', { name: new RegExp(`^(${names.join('|')})$`) }).click()
  await expect(page).toHaveURL(/\/meetings\/MT_/)
  const joinLink = (await page.getByTestId('join-link').textContent()) ?? ''
  return {
    meetingId: page.url().split('/meetings/')[1]!.split(/[/?]/)[0]!,
    joinPath: new URL(`http://${joinLink}`).pathname,
    passcode: ((await page.getByTestId('passcode').first().textContent()) ?? '').replace(/\D/g, ''),
  }
}

/** From the check page into the room. Signed-in people leave name and passcode out. */
export async function enterRoom(
  page: Page,
  joinPath: string,
  guest?: { name: string; passcode: string },
): Promise<void> {
  await page.goto(guest ? `${joinPath}?as=guest` : joinPath)
  if (guest) {
    await page.getByTestId('name-input').fill(guest.name)
    await page.getByTestId('passcode-input').fill(guest.passcode)
  }
  await page.getByTestId('join-button').click()
}

/** Waits until the room stands and is connected; resolves to the own identity. */
export async function expectInRoom(page: Page): Promise<string> {
  await expect(page.getByTestId('stage')).toBeVisible({ timeout: 30_000 })
  await page.waitForFunction(
    () =>
      (window as unknown as { __diemcau?: { room?: { state: string } } }).__diemcau?.room?.state ===
      'connected',
    undefined,
    { timeout: 30_000 },
  )
  return page.evaluate(
    () =>
      (window as unknown as { __diemcau: { room: { localParticipant: { identity: string } } } }).__diemcau
        .room.localParticipant.identity,
  )
}

/** The chair's menu of one person in the list of people. */
export async function openPersonMenu(page: Page, identity: string): Promise<void> {
  if (!(await page.getByTestId('people-list').isVisible())) await page.getByTestId('open-people').click()
  await page.locator(`[data-testid="person"][data-identity="${identity}"]`).getByTestId('person-menu').click()
}
