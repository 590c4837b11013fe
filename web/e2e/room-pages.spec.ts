/** The watch page, the check page and the room in every state, on a television, in an office and on a phone. */
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixtures.ts'
import { look } from './support/look.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'

/** The portal's next answers to somebody who wants to join are this one. */
const answerJoin = (page: Page, status: number, body: unknown) =>
  page.route('**/api/meetings/*/join', route => route.fulfill({ status, json: body }))

test('watch page, check page and room can be used by everybody in every state', async ({ newPerson }) => {
  test.setTimeout(420_000)
  const chair = await newPerson()
  await signIn(chair, 'clerk')
  const meeting = await scheduleMeeting(
    chair,
    'Tiếp xúc cử tri xã Phượng Tiến trước kỳ họp thường lệ cuối năm',
    {
      lobby: false,
      kind: 'voter_contact',
    },
  )
  const watchPath = meeting.joinPath.replace('/m/', '/w/')
  const voter = await newPerson({ phone: true })

  await test.step('what there is to see without being in', async () => {
    await answerJoin(voter, 200, { status: 'refused', reason: 'full' })
    await voter.goto(watchPath)
    await expect(voter.getByTestId('over-page')).toHaveAttribute('data-reason', 'full')
    await look(voter, 'watch-full')
    await voter.unroute('**/api/meetings/*/join')
    await answerJoin(voter, 503, {})
    await voter.goto(watchPath)
    await expect(voter.getByTestId('watch-start')).toBeVisible()
    await look(voter, 'watch-unreachable')
    await voter.unroute('**/api/meetings/*/join')
    await answerJoin(voter, 200, { status: 'refused', reason: 'removed' })
    await voter.goto(watchPath)
    await expect(voter.getByTestId('over-page')).toHaveAttribute('data-reason', 'removed')
    await look(voter, 'watch-removed', { sizes: ['phone'] })
    await voter.unroute('**/api/meetings/*/join')
  })

  await test.step('nobody is there yet', async () => {
    await voter.goto(watchPath)
    await expect(voter.getByTestId('toggle-hand')).toBeVisible()
    await look(voter, 'watch-empty')
  })

  await test.step('the check page', async () => {
    const guest = await newPerson()
    await guest.goto(`${meeting.joinPath}?as=guest`)
    await expect(guest.getByTestId('preview-video')).toBeVisible()
    await look(guest, 'check')
  })

  await enterRoom(chair, meeting.joinPath)
  await expectInRoom(chair)
  const hall = await newPerson()
  await enterRoom(hall, meeting.joinPath, { name: 'Ông Lò Văn Inh', passcode: meeting.passcode })
  await expectInRoom(hall)
  await expect(chair.getByTestId('tile')).toHaveCount(2)
  await expect(chair.getByTestId('clock')).toHaveText(/\d\d:\d\d$/)
  await expect(chair.getByTestId('endpoint-count')).toHaveText('0/1 điểm cầu')
  await expect(chair.getByTestId('participant-count')).toContainText('2')

  await test.step('the meeting is on', async () => {
    await expect(voter.getByTestId('watch-video')).toBeVisible()
    await voter.getByTestId('watch-sound').click()
    await look(voter, 'watch-live')
    await voter.getByTestId('open-question').click()
    await look(voter, 'watch-question', { sizes: ['phone'] })
    await voter.getByTestId('toggle-hand').click()
    await look(voter, 'watch-hand', { sizes: ['phone'] })
    await voter.getByTestId('hand-name').fill('Bà Lường Thị Hạnh')
    await voter.getByTestId('hand-unit').fill('xã Phượng Tiến')
    await voter.getByTestId('hand-send').click()
  })

  await test.step('the room', async () => {
    await expect(chair.getByTestId('open-people-badge')).toBeVisible()
    await look(chair, 'room')
    await chair.setViewportSize({ width: 1366, height: 768 })
    await chair.getByTestId('open-people').click()
    await expect(chair.getByTestId('give-floor')).toBeVisible()
    await look(chair, 'room-people')
    await chair.getByTestId('give-floor').click()
    await expect(voter.getByTestId('voice-open')).toBeVisible()
    await look(voter, 'watch-invited')
    await voter.getByTestId('voice-open').click()
    await expect(voter.getByTestId('watch-voice')).toHaveAttribute('data-state', 'on')
    await look(voter, 'watch-speaking', { sizes: ['phone', 'office'] })
    await look(chair, 'room-speaker', { sizes: ['office'] })
    await chair.getByTestId('close-panel').click()
    await look(hall, 'room-guest')
  })

  await test.step('a phone held upright: the stage takes the height that is left', async () => {
    await hall.setViewportSize({ width: 390, height: 844 })
    const sizes = await hall.evaluate(() => {
      const height = (selector: string) =>
        document.querySelector(selector)?.getBoundingClientRect().height ?? 0
      const tiles = [...document.querySelectorAll('[data-testid=tile]')].map(tile =>
        tile.getBoundingClientRect(),
      )
      return {
        stage: height('[data-testid=stage]'),
        others: height('header') + height('[data-testid=speaking-strip]') + height('[role=toolbar]'),
        tiles: tiles.reduce((sum, { width, height: h }) => sum + width * h, 0),
      }
    })
    expect(sizes.stage + sizes.others).toBeGreaterThan(844 - 40)
    // Three people, one above the other, fill at least seven tenths of the stage.
    expect(sizes.tiles).toBeGreaterThan(0.7 * sizes.stage * 374)
  })

  await test.step('it is over', async () => {
    await chair.setViewportSize({ width: 1366, height: 768 })
    await chair.getByTestId('end-meeting').click()
    await chair.getByTestId('confirm').click()
    await expect(voter.getByTestId('over-page')).toHaveAttribute('data-reason', 'ended')
    await look(voter, 'watch-ended')
    await expect(hall.getByTestId('over-page')).toBeVisible()
    await look(hall, 'room-ended', { sizes: ['office', 'phone'] })
    await chair.goto(`/meetings/${meeting.meetingId}/talk`)
    await expect(chair.getByRole('tab').first()).toBeVisible()
    await look(chair, 'talk')
  })
})
