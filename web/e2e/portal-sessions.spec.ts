/** The ways in: from the link of a mail, with an account or as a guest, and back in when a session has ended under a form. */
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixtures.ts'
import { DEMO_PASSWORD, signIn } from './support/people.ts'
import { vi } from './support/texts.ts'

const CODE = 'demo-hop-ngay'

async function fillSignIn(page: Page, account: string, password: string): Promise<void> {
  await page.locator('#email').fill(`${account}@demo.local`)
  await page.locator('#password').fill(password)
  await page.getByRole('button', { name: vi('portal.signIn.submit'), exact: true }).click()
}

test('the link of an invitation asks how one comes in, and leads an official through signing in into the meeting', async ({
  newPerson,
}) => {
  const official = await newPerson()
  await official.goto(`/m/${CODE}`)
  await expect(official.getByTestId('entrance')).toBeVisible()
  await expect(official.getByTestId('passcode-input')).toHaveCount(0)
  await official.getByTestId('entrance-account').click()
  await expect(official).toHaveURL(/\/sign-in\?next=/)
  await fillSignIn(official, 'official1', 'a wrong password')
  await expect(official.getByText(vi('errors.wrong_credentials'))).toBeVisible()
  await fillSignIn(official, 'official1', DEMO_PASSWORD)
  await expect(official).toHaveURL(new RegExp(`/m/${CODE}$`))
  await expect(official.getByTestId('join-button')).toBeVisible()
  await expect(official.getByText('Hoàng Văn Thái').first()).toBeVisible()
  await expect(official.getByTestId('passcode-input')).toHaveCount(0)

  const guest = await newPerson()
  await guest.goto(`/m/${CODE}`)
  await guest.getByTestId('entrance-guest').click()
  await expect(guest.getByTestId('name-input')).toBeVisible()
  await expect(guest.getByTestId('passcode-input')).toBeVisible()
  // A mail to an account leads straight to signing in; who has no account finds the way back.
  await guest.goto(`/m/${CODE}?as=account`)
  await expect(guest).toHaveURL(/\/sign-in\?next=/)
  await guest.getByRole('link', { name: vi('portal.signIn.asGuest') }).click()
  await expect(guest.getByTestId('name-input')).toBeVisible()
})

test('a session that ends while a form is filled in is renewed beside it, and nothing typed is lost', async ({
  newPerson,
}) => {
  const admin = await newPerson()
  await signIn(admin, 'admin')

  await admin.goto('/meetings/new')
  await admin.locator('#title').fill('Họp khi phiên đã hết')
  await admin.locator('#chairId').click()
  await admin.locator('#chairId').fill('pham hoang son')
  await admin.getByRole('option').first().click()
  await admin.locator('#emails').fill('"Trần, B" <b@xa.vn>; không phải')
  await expect(admin.getByText('không phải').last()).toBeVisible()
  await admin.locator('#emails').fill('"Trần, B" <b@xa.vn>')
  await admin.context().clearCookies()
  await admin.locator('form button[type=submit]').click()
  const dialog = admin.getByRole('dialog')
  await expect(dialog.getByText(vi('portal.signIn.againTitle'))).toBeVisible()
  await expect(dialog.locator('#email')).toHaveValue('admin@demo.local')
  await dialog.locator('#password').fill(DEMO_PASSWORD)
  await dialog.getByRole('button', { name: vi('portal.signIn.submit'), exact: true }).click()
  await expect(admin).toHaveURL(/\/meetings\/MT_/)
  await expect(admin.getByRole('heading', { name: 'Họp khi phiên đã hết' })).toBeVisible()
  await expect(admin.getByText('Trần, B').filter({ visible: true }).first()).toBeVisible()

  await admin.goto('/halls')
  await admin.getByRole('button', { name: vi('portal.halls.add') }).click()
  await admin.locator('#name').fill('Nhà văn hoá Tân Lập')
  await admin.locator('#unitId').click()
  await admin.locator('#unitId').fill('tan cuong')
  await admin.getByRole('option').first().click()
  await admin.locator('#contactEmail').fill('tan-lap@xa.vn')
  await admin.context().clearCookies()
  await admin
    .getByRole('dialog')
    .getByRole('button', { name: vi('portal.halls.save'), exact: true })
    .click()
  const again = admin.getByRole('dialog').filter({ hasText: vi('portal.signIn.againTitle') })
  await again.locator('#password').fill(DEMO_PASSWORD)
  await again.getByRole('button', { name: vi('portal.signIn.submit'), exact: true }).click()
  await expect(admin.getByText('Nhà văn hoá Tân Lập').filter({ visible: true }).first()).toBeVisible()
  await expect(admin.getByRole('dialog')).toHaveCount(0)
})

test('a link keeps its filters through signing in, and the menus of the frame open', async ({
  newPerson,
}) => {
  const clerk = await newPerson()
  await clerk.goto('/meetings?scope=past&q=chinh+quyen')
  await expect(clerk).toHaveURL(/\/sign-in/)
  await fillSignIn(clerk, 'clerk', DEMO_PASSWORD)
  await expect(clerk).toHaveURL(/\/meetings\?scope=past&q=chinh(\+|%20)quyen$/)
  await expect(
    clerk
      .getByRole('link', { name: 'Triển khai chính quyền địa phương hai cấp' })
      .filter({ visible: true })
      .first(),
  ).toBeVisible()
  await clerk
    .getByRole('button', { name: /Trần Thị Thu Hà/ })
    .first()
    .focus()
  await clerk.keyboard.press('Enter')
  await expect(clerk.getByRole('menuitem', { name: vi('portal.nav.signOut') })).toBeVisible()
  await clerk.keyboard.press('Escape')
  await expect(clerk.getByRole('menu')).toHaveCount(0)
  await clerk
    .getByRole('button', { name: /Trần Thị Thu Hà/ })
    .first()
    .click()
  await clerk.getByRole('menuitem', { name: vi('portal.nav.signOut') }).click()
  await expect(clerk).toHaveURL(/\/sign-in$/)
})
