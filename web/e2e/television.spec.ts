/** A hall's television: a remote control has arrow keys and Enter, the nearest chair is six metres away, and power cuts happen. */
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixtures.ts'
import { expectInRoom, scheduleMeeting, signIn } from './support/people.ts'

const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.id ?? '')

/** Presses one key until something has the focus; fails when the key goes round without reaching it. */
async function goTo(page: Page, testId: string, key: string): Promise<void> {
  for (let press = 0; press < 30; press += 1) {
    if ((await focused(page)) === testId) return
    await page.keyboard.press(key)
  }
  expect(await focused(page), `${key} does not reach it`).toBe(testId)
}

/** The smallest letters that are shown, CSS pixels. */
const smallestLetters = (page: Page) =>
  page.evaluate(() => {
    const sizes: { size: number; text: string }[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? ''
      const element = node.parentElement
      if (text === '' || !element?.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        continue
      const { width, height } = element.getBoundingClientRect()
      if (width > 2 && height > 2)
        sizes.push({ size: Number.parseFloat(getComputedStyle(element).fontSize), text })
    }
    return sizes.sort((a, b) => a.size - b.size)[0]
  })

test('a hall joins, opens and leaves with arrow keys and Enter, reads it from afar, and comes back by itself after a reload', async ({
  newPerson,
}) => {
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, 'Giao ban trên ti vi', { lobby: false })
  await clerk.close()

  const hall = await newPerson()
  await hall.setViewportSize({ width: 1920, height: 1080 })
  await signIn(hall, 'official1')
  await hall.goto(meeting.joinPath)

  // The check page: the next press of Enter is the right one, and arrows lead to everything else and back.
  await expect.poll(() => focused(hall)).toBe('join-button')
  const onCheckPage = await smallestLetters(hall)
  expect(onCheckPage?.size, onCheckPage?.text).toBeGreaterThanOrEqual(18)
  await hall.keyboard.press('ArrowLeft')
  expect(await focused(hall)).not.toBe('join-button')
  await goTo(hall, 'join-button', 'ArrowRight')
  await hall.keyboard.press('Enter')
  await expectInRoom(hall)

  // The room.
  await expect.poll(() => focused(hall)).toBe('toggle-mic')
  const inRoom = await smallestLetters(hall)
  expect(inRoom?.size, inRoom?.text).toBeGreaterThanOrEqual(17)
  await goTo(hall, 'toggle-hand', 'ArrowRight')
  await hall.keyboard.press('Enter')
  await expect(hall.getByTestId('tile-hand')).toBeVisible()
  await goTo(hall, 'open-people', 'ArrowRight')
  await hall.keyboard.press('Enter')
  await expect(hall.getByTestId('people-list')).toBeVisible()
  await hall.keyboard.press('ArrowUp')
  expect(await focused(hall)).not.toBe('open-people')

  // A power cut: nobody presses anything.
  await hall.reload()
  await expectInRoom(hall)
  await expect.poll(() => focused(hall)).toBe('toggle-mic')

  // Who has left stays out until somebody joins again.
  await goTo(hall, 'leave', 'ArrowLeft')
  await hall.keyboard.press('Enter')
  await expect(hall.getByTestId('over-page')).toBeVisible()
  await expect.poll(() => focused(hall)).toBe('join-again')
  await hall.reload()
  await expect.poll(() => focused(hall)).toBe('join-button')
  await expect(hall.getByTestId('room')).toBeHidden()
})
