/** A chair leads two halls and a voter by the speaking list: one speaks at a time, and every screen says the same. */
import type { Page } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { look } from './support/look.ts'
import { remoteMedia } from './support/media.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'
import { vi } from './support/texts.ts'

/** Energy of the sound of `identity` that this page has played so far. */
async function heard(page: Page, identity: string): Promise<number> {
  const sound = (await remoteMedia(page)).filter(one => one.identity === identity && one.kind === 'audio')
  return sound.reduce((sum, one) => sum + one.audioEnergy, 0)
}

/** Names on the list, first to speak first. */
const waiting = (page: Page) => page.getByTestId('speaking-list').getByTestId('turn')

/** What the media server answers to a page that opens its microphone without asking anybody. */
const tryToSpeak = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    interface TestRoom {
      localParticipant: { setMicrophoneEnabled: (isOn: boolean) => Promise<unknown> }
    }
    const { room } = (window as unknown as { __diemcau: { room: TestRoom } }).__diemcau
    return await room.localParticipant.setMicrophoneEnabled(true).then(
      () => 'published',
      () => 'refused',
    )
  })

test('a chair calls halls and a voter by the list: now, next, clock, undo, and the same on every screen', async ({
  newPerson,
}) => {
  test.setTimeout(300_000)
  const chair = await newPerson()
  await signIn(chair, 'clerk')
  const meeting = await scheduleMeeting(chair, 'Tiếp xúc cử tri huyện Định Hoá', {
    lobby: false,
    kind: 'voter_contact',
  })
  await enterRoom(chair, meeting.joinPath)
  await expectInRoom(chair)
  const halls: Page[] = []
  const identities: string[] = []
  for (const name of ['Hội trường xã Phượng Tiến', 'Hội trường xã Bình Yên']) {
    const hall = await newPerson()
    await enterRoom(hall, meeting.joinPath, { name, passcode: meeting.passcode })
    identities.push(await expectInRoom(hall))
    halls.push(hall)
  }
  const [hall1, hall2] = halls as [Page, Page]
  const [first] = identities as [string, string]
  const voter = await newPerson({ phone: true })
  await voter.goto(meeting.joinPath.replace('/m/', '/w/'))
  await expect(voter.getByTestId('watch-video')).toBeVisible()

  await test.step('it begins with one at a time: nobody is heard, and the server refuses who tries', async () => {
    for (const page of [chair, hall1, hall2])
      await expect(page.getByTestId('floor-mode')).toHaveText(vi('room.speaking.mode.one'))
    expect(await tryToSpeak(hall2)).toBe('refused')
  })

  await test.step('halls, a voter, and whom the secretary puts in stand in one order', async () => {
    await hall1.getByTestId('toggle-hand').click()
    await voter.getByTestId('toggle-hand').click()
    await voter.getByTestId('hand-name').fill('Bà Lường Thị Hạnh')
    await voter.getByTestId('hand-unit').fill('xã Phượng Tiến')
    await voter.getByTestId('hand-topic').fill('Nước sạch')
    await voter.getByTestId('hand-send').click()
    await expect(voter.getByTestId('own-place')).toHaveAttribute('data-place', '2')
    await hall2.getByTestId('open-speaking').click()
    await hall2.getByTestId('wish-topic').fill('Đường liên xã')
    await hall2.getByTestId('wish-send').click()
    await chair.getByTestId('open-speaking').click()
    await expect(waiting(chair)).toHaveCount(3)
    await chair.getByTestId('add-speaker').click()
    await chair.getByTestId('speaker-name').fill('Ông Ma Văn Lý')
    await chair.getByTestId('speaker-send').click()
    const names = ['Phượng Tiến', 'Bà Lường Thị Hạnh', 'Bình Yên', 'Ông Ma Văn Lý']
    await expect(waiting(chair)).toContainText(names)
    await expect(waiting(hall2)).toContainText(names)
    await expect(waiting(chair).nth(2)).toContainText('Đường liên xã')
    await look(chair, 'speaking-waiting', { sizes: ['office'] })
  })

  await test.step('moved by keys and by the mouse, on every screen', async () => {
    await waiting(chair).nth(3).focus()
    await chair.keyboard.press('Alt+ArrowUp')
    await expect(waiting(chair).nth(2)).toContainText('Ông Ma Văn Lý')
    await waiting(chair).nth(2).dragTo(waiting(chair).nth(1))
    const names = ['Phượng Tiến', 'Ông Ma Văn Lý', 'Bà Lường Thị Hạnh', 'Bình Yên']
    await expect(waiting(chair)).toContainText(names)
    await expect(waiting(hall2)).toContainText(names)
    await expect(voter.getByTestId('own-place')).toHaveAttribute('data-place', '3')
    await waiting(chair).nth(1).getByTestId('turn-remove').click()
    await expect(waiting(chair)).toHaveCount(3)
  })

  await test.step('the first is called: asked, heard, and the next is told', async () => {
    await chair.getByTestId('call-next').click()
    await hall1.getByTestId('unmute-accept').click()
    await eventually(async () => ((await heard(chair, first)) > 0 ? '' : 'nothing is heard'), 30_000)
    for (const page of [chair, hall1, hall2])
      await expect(page.getByTestId('speaking-now')).toContainText('Phượng Tiến')
    await expect(voter.getByTestId('watch-speaking')).toContainText('Phượng Tiến')
    await expect(voter.getByTestId('own-place')).toHaveText(vi('room.speaking.youAreNext'))
    await expect(hall1.getByTestId('speech-clock')).toHaveAttribute('data-tone', 'running')
    await look(chair, 'speaking-now', { axeOn: ['office', 'phone'] })
    await chair.setViewportSize({ width: 1024, height: 768 })
    const folder = process.env.PAGE_SHOTS
    if (folder) await chair.screenshot({ path: `${folder}/speaking-now-tablet.png` })
    await chair.setViewportSize({ width: 1280, height: 720 })
    await look(voter, 'speaking-voter', { sizes: ['phone'] })
    await look(hall2, 'speaking-hall', { sizes: ['tv'], axeOn: [] })
    await hall2.setViewportSize({ width: 1280, height: 720 })
  })

  await test.step('a wrong call is taken back at once', async () => {
    const wrong = waiting(chair).nth(1)
    await expect(wrong).toContainText('Bình Yên')
    await wrong.getByTestId('turn-call').click()
    await expect(voter.getByTestId('watch-speaking')).toContainText('Bình Yên')
    expect(await tryToSpeak(hall1)).toBe('refused')
    await chair.getByTestId('undo-call').click()
    await expect(chair.getByTestId('panel-now')).toContainText('Phượng Tiến')
    await expect(waiting(hall2)).toContainText(['Bà Lường Thị Hạnh', 'Bình Yên'])
    await expect(voter.getByTestId('own-place')).toHaveText(vi('room.speaking.youAreNext'))
  })

  await test.step('the voter is called by one press, and whoever spoke is silent', async () => {
    await chair.getByTestId('call-next').click()
    await expect(chair.getByTestId('panel-now')).toContainText('Bà Lường Thị Hạnh')
    await expect(voter.getByTestId('watch-voice')).toHaveAttribute('data-state', 'asked')
    await voter.getByTestId('voice-open').click()
    await expect(voter.getByTestId('watch-voice')).toHaveAttribute('data-state', 'on')
    expect(await tryToSpeak(hall1)).toBe('refused')
    // Reloaded in the middle of a speech, a hall sees what all others see.
    const clockOf = (page: Page) => page.getByTestId('speech-clock').first().getByRole('timer').textContent()
    await hall2.reload()
    await hall2.getByTestId('join-button').click()
    await expectInRoom(hall2)
    await expect(hall2.getByTestId('speaking-now')).toContainText('Bà Lường Thị Hạnh')
    await expect(hall2.getByTestId('own-place')).toHaveText(vi('room.speaking.youAreNext'))
    expect(await clockOf(hall2)).toMatch(/^4:\d\d$/)
    await chair.getByTestId('speech-extend-3').click()
    await eventually(async () => (/^7:/.test((await clockOf(hall2)) ?? '') ? '' : 'not extended'))
    await chair.getByTestId('speech-end').click()
    await expect(voter.getByTestId('watch-voice')).toHaveCount(0)
    await expect(chair.getByTestId('spoken-list').getByTestId('turn')).toHaveCount(2)
  })

  await test.step('led freely again, everybody opens their own', async () => {
    await chair.getByTestId('mode-choice').getByText(vi('room.speaking.mode.free'), { exact: true }).click()
    await expect(hall1.getByTestId('microphones-held')).toHaveCount(0)
    await eventually(async () => ((await tryToSpeak(hall1)) === 'published' ? '' : 'still refused'), 10_000)
  })
})
