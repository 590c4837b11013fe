/** The door of a meeting as people meet it: halls and their codes, who was put out, held microphones, rights and ends taken back. */
import type { Locator, Page } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { look } from './support/look.ts'
import { choose, enterRoom, expectInRoom, openPersonMenu, scheduleMeeting, signIn } from './support/people.ts'
import { vi } from './support/texts.ts'

/** `481 223` in the wide digits of an East Asian keyboard; blanks stay. */
const wide = (code: string): string =>
  code.replaceAll(/\d/g, digit => String.fromCodePoint(0xff10 + Number(digit)))

/** As a paste does: all at once, into a field with its own limits. */
async function paste(page: Page, field: Locator, text: string): Promise<void> {
  await field.click()
  await field.press('ControlOrMeta+a')
  await page.keyboard.insertText(text)
}

async function openList(page: Page): Promise<void> {
  if (!(await page.getByTestId('people-list').isVisible())) await page.getByTestId('open-people').click()
}

const personIn = (page: Page, identity: string): Locator =>
  page.locator(`[data-testid="person"][data-identity="${identity}"]`)

/** Tries past the page's own button, as a page of somebody else's making would. */
const forceMicrophone = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const { room } = window.__diemcau as unknown as {
      room: { localParticipant: { setMicrophoneEnabled(isOn: boolean): Promise<unknown> } }
    }
    return await room.localParticipant.setMicrophoneEnabled(true).then(
      () => 'taken',
      error => `refused: ${error}`,
    )
  })

test('halls come in by their code or by the chair’s word, and who was put out is known at the door', async ({
  newPerson,
}) => {
  test.setTimeout(420_000)
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, 'Giao ban công tác phòng, chống thiên tai', {
    lobby: false,
    afterFilling: async () => {
      await choose(clerk, 'hallIds', 'quan trieu')
      await clerk.keyboard.press('Escape')
      await choose(clerk, 'hallIds', 'bình yên')
      await clerk.keyboard.press('Escape')
    },
  })
  await look(clerk, 'door-meeting', { sizes: ['phone', 'office'], axeOn: ['office'] })
  const row = clerk.getByRole('row').filter({ hasText: 'Quan Triều' })
  const hallCode = row.getByTestId('hall-code').locator('span').first()
  const firstHallCode = (await hallCode.textContent()) ?? ''
  await row.getByTestId('change-hall-code').click()
  const asked = clerk.getByRole('dialog')
  await look(clerk, 'door-change-code', { sizes: ['phone', 'office'], axeOn: ['office'] })
  await asked.getByRole('button', { name: vi('portal.meeting.changeCode') }).click()
  await expect(asked).toBeHidden()
  await expect(row.getByTestId('change-hall-code')).toBeFocused()
  await expect(hallCode).not.toHaveText(firstHallCode)
  const shownHallCode = (await hallCode.textContent()) ?? ''
  expect(shownHallCode).toMatch(/^\d{4} \d{4}$/)

  const chair = await newPerson()
  await signIn(chair, 'chair')
  await enterRoom(chair, meeting.joinPath)
  await expectInRoom(chair)

  await test.step('a guest who picks a hall waits until the chair confirms it', async () => {
    const guest = await newPerson()
    await guest.goto(`${meeting.joinPath}?as=guest`)
    await guest.getByTestId('name-input').fill('Bà Lường Thị Hạnh')
    const hall = guest.getByRole('combobox')
    await hall.click()
    await hall.fill('binh yen')
    await guest.getByRole('option').first().click()
    // The passcode as the portal shows it, with its blank.
    const shown = `${meeting.passcode.slice(0, 3)} ${meeting.passcode.slice(3)}`
    await paste(guest, guest.getByTestId('passcode-input'), ` ${shown} `)
    await look(guest, 'door-check-claim', { sizes: ['phone', 'office'], axeOn: ['office'] })
    await guest.getByTestId('join-button').click()
    await expect(guest.getByTestId('lobby-waiting')).toContainText('Bình Yên')
    await look(guest, 'door-waiting-claim', { sizes: ['tv', 'phone', 'office'], axeOn: ['office'] })

    await expect(chair.getByTestId('toast').filter({ hasText: 'Bình Yên' })).toBeVisible()
    await chair.getByTestId('open-lobby').click()
    const request = chair.getByTestId('lobby-request')
    await expect(request.getByTestId('lobby-claim')).toContainText('Bình Yên')
    await look(chair, 'door-lobby-claim', { sizes: ['phone', 'office'], axeOn: ['office'] })
    await request.getByTestId('lobby-confirm-claim').click()
    const identity = await expectInRoom(guest)
    await openList(chair)
    await expect(personIn(chair, identity)).toContainText('Bình Yên')
    await expect(chair.getByTestId('lobby-request')).toHaveCount(0)
  })

  await test.step('a browser with the hall’s own code is that hall at once, typed in any digits', async () => {
    for (const [index, code] of [shownHallCode, wide(shownHallCode)].entries()) {
      const hall = await newPerson()
      await hall.goto(`${meeting.joinPath}?as=guest`)
      await hall.getByTestId('name-input').fill(`Máy ${index + 1}`)
      await paste(hall, hall.getByTestId('passcode-input'), ` ${code}`)
      await hall.getByTestId('join-button').click()
      const identity = await expectInRoom(hall)
      await expect(personIn(chair, identity)).toContainText('Quan Triều')
      await hall.getByTestId('leave').click()
      await expect(hall.getByTestId('over-page')).toHaveAttribute('data-reason', 'left')
    }
  })

  await test.step('who is put out with lock and new code cannot slip in again, and is recognised', async () => {
    const name = 'Ông Đinh Văn Khoa'
    const guest = await newPerson()
    await enterRoom(guest, meeting.joinPath, { name, passcode: meeting.passcode })
    const identity = await expectInRoom(guest)
    await openPersonMenu(chair, identity)
    await chair.getByTestId('action-remove').click()
    await chair.getByTestId('choice-lock').getByRole('switch').click()
    await chair.getByTestId('choice-newPasscode').getByRole('switch').click()
    await look(chair, 'door-remove', { sizes: ['office'], axeOn: ['office'] })
    await chair.getByTestId('confirm').click()
    await expect(guest.getByTestId('over-page')).toHaveAttribute('data-reason', 'removed')
    await look(guest, 'door-removed', { sizes: ['phone', 'office'], axeOn: ['office'] })
    await guest.context().close()
    await expect(chair.getByTestId('lock')).toContainText(vi('room.chair.unlock'))

    const again = await newPerson()
    await enterRoom(again, meeting.joinPath, { name, passcode: meeting.passcode })
    await expect(again.getByTestId('join-problem')).toHaveAttribute('data-problem', 'wrong_code')
    await clerk.reload()
    const newCode = (await clerk.getByTestId('passcode').first().textContent()) ?? ''
    expect(newCode.replaceAll(/\D/g, '')).not.toBe(meeting.passcode)
    await paste(again, again.getByTestId('passcode-input'), newCode)
    await again.getByTestId('join-button').click()
    await expect(again.getByTestId('over-page')).toHaveAttribute('data-reason', 'locked')
    await look(again, 'door-locked', { sizes: ['office'], axeOn: ['office'] })
    await chair.getByTestId('lock').click()
    await expect(chair.getByTestId('lock')).toContainText(vi('room.chair.lock'))
    await again.getByTestId('join-again').click()
    await again.getByTestId('join-button').click()
    await expect(again.getByTestId('lobby-waiting')).toBeVisible()
    await openList(chair)
    await expect(chair.getByTestId('lobby-resembles')).toHaveText(
      vi('room.lobby.resembles').replace('{name}', name),
    )
    await look(chair, 'door-lobby-resembles', { sizes: ['office'], axeOn: ['office'] })
    await chair.getByTestId('lobby-deny').click()
    await expect(again.getByTestId('over-page')).toHaveAttribute('data-reason', 'denied')
  })
})

/** The chair with the list open, an official of a hall, and a guest, all in one room. */
async function sitDown(newPerson: () => Promise<Page>, title: string) {
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, title, { lobby: false })
  await clerk.context().close()
  const [chair, official, guest] = [await newPerson(), await newPerson(), await newPerson()]
  await signIn(chair, 'chair')
  await enterRoom(chair, meeting.joinPath)
  const chairIdentity = await expectInRoom(chair)
  await signIn(official, 'official1')
  await enterRoom(official, meeting.joinPath)
  const officialIdentity = await expectInRoom(official)
  await enterRoom(guest, meeting.joinPath, { name: 'Bà Lường Thị Hạnh', passcode: meeting.passcode })
  const guestIdentity = await expectInRoom(guest)
  await openList(chair)
  return { chair, official, guest, chairIdentity, officialIdentity, guestIdentity }
}

test('microphones are held by the media server until the chair invites, or lets go', async ({
  newPerson,
}) => {
  test.setTimeout(420_000)
  const { chair, official, guest, chairIdentity, officialIdentity, guestIdentity } = await sitDown(
    newPerson,
    'Họp giao ban tuần',
  )
  /** As the chair's browser has it from the media server. */
  const isMuted = (identity: string, wanted: boolean) =>
    expect(personIn(chair, identity)).toHaveAttribute('data-muted', String(wanted))
  await isMuted(guestIdentity, false)
  await isMuted(officialIdentity, false)

  await test.step('the chair closes all microphones and keeps them closed', async () => {
    await chair.getByTestId('mute-all').click()
    await chair.getByTestId('choice-hold').getByRole('switch').click()
    await look(chair, 'door-hold-ask', { sizes: ['office'], axeOn: ['office'] })
    await chair.getByTestId('confirm').click()
    await isMuted(guestIdentity, true)
    await isMuted(officialIdentity, true)
    await isMuted(chairIdentity, false)
    // The guest's own page hears of it by itself, not when the chair's does.
    await expect(guest.getByTestId('own-hint')).toHaveText(vi('room.tile.ownMicHeld'))
    await guest.getByTestId('toggle-mic').click()
    await expect(guest.getByTestId('toast').filter({ hasText: vi('room.bar.micHeld') })).toBeVisible()
    await look(guest, 'door-held', { sizes: ['office'], axeOn: ['office'] })
    await look(chair, 'door-held-chair', { sizes: ['office'], axeOn: ['office'] })
    await forceMicrophone(guest)
    // Long enough for a microphone to arrive if it were let through: the chair's word below goes the same way.
    await chair.getByTestId('lock').click()
    await expect(guest.getByTestId('top-locked')).toBeVisible()
    await isMuted(guestIdentity, true)
    await chair.getByTestId('lock').click()
  })

  await test.step('who is invited may open it, the others only when the chair lets go', async () => {
    await openPersonMenu(chair, guestIdentity)
    await chair.getByTestId('action-ask-unmute').click()
    await expect(guest.getByTestId('unmute-accept')).toBeVisible()
    await guest.getByTestId('unmute-accept').click()
    await isMuted(guestIdentity, false)
    await official.getByTestId('toggle-mic').click()
    await expect(official.getByTestId('toast').filter({ hasText: vi('room.bar.micHeld') })).toBeVisible()
    await isMuted(officialIdentity, true)
    await chair.getByTestId('release-microphones').click()
    await expect(chair.getByTestId('release-microphones')).toHaveCount(0)
    await official.getByTestId('toggle-mic').click()
    await isMuted(officialIdentity, false)
  })
})

test('a right that ends puts out and says so, and an end is taken back', async ({ newPerson }) => {
  test.setTimeout(420_000)
  const { chair, official, guest, officialIdentity, guestIdentity } = await sitDown(newPerson, 'Họp đột xuất')

  await test.step('who signs out everywhere is out of the room, and is told why', async () => {
    const elsewhere = await newPerson()
    await signIn(elsewhere, 'official1')
    await elsewhere.goto('/account')
    await elsewhere.getByRole('button', { name: vi('portal.account.revokeOthers') }).click()
    await expect(official.getByTestId('over-page')).toHaveAttribute('data-reason', 'signed_out', {
      timeout: 5_000,
    })
    await expect(personIn(chair, officialIdentity)).toHaveCount(0)
    await look(official, 'door-signed-out', { sizes: ['phone', 'office'], axeOn: ['office'] })
    await expect(official.getByTestId('sign-in')).toHaveAttribute('href', /sign-in\?next=%2Fm%2F/)
    await elsewhere.context().close()
  })

  await test.step('an end by mistake is taken back, and everybody is one press away', async () => {
    await chair.getByTestId('end-meeting').click()
    await chair.getByTestId('confirm').click()
    for (const page of [chair, guest])
      await expect(page.getByTestId('over-page')).toHaveAttribute('data-reason', 'ended')
    await look(chair, 'door-ended-chair', { sizes: ['office'], axeOn: ['office'] })
    await chair.getByTestId('reopen-meeting').click()
    await expectInRoom(chair)
    await expect(guest.getByTestId('rejoin-reopened')).toBeVisible()
    await look(guest, 'door-reopened', { sizes: ['phone', 'office'], axeOn: ['office'] })
    await guest.getByTestId('rejoin-reopened').click()
    expect(await expectInRoom(guest)).toBe(guestIdentity)
    await eventually(async () => {
      const isOn = await guest.evaluate(() => window.__diemcau?.room.localParticipant.isMicrophoneEnabled)
      return isOn ? '' : 'the guest is back without the microphone that was on'
    })
  })
})
