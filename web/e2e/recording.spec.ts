/** A clapperboard is recorded: sound and picture of the film stay together, and its length is the recorded time. */
import { writeFileSync } from 'node:fs'
import { installClapper } from './support/clapper.ts'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'
import { clapDistances, egressStartMs, findClaps, probeRecording } from './support/recording.ts'

test('sound and picture of a recording are within 80 ms, its length within 1 s', async ({
  newPerson,
  stack,
}, testInfo) => {
  test.setTimeout(300_000)
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, 'Thử âm thanh và hình ảnh', { lobby: false })
  const chair = await newPerson({ prepare: context => installClapper(context) })
  await signIn(chair, 'chair')
  await enterRoom(chair, meeting.joinPath)
  await expectInRoom(chair)
  // It was planned: it begins by itself.
  await expect(chair.getByTestId('recording-indicator')).toHaveAttribute('data-status', 'recording', {
    timeout: 30_000,
  })
  const from = Date.now()
  await eventually(() => (Date.now() - from > 24_000 ? '' : 'recording'), 40_000)
  await chair.getByTestId('record').click()
  await chair.getByTestId('confirm').click()
  const stoppedAtMs = Date.now()
  await expect(chair.getByTestId('recording-indicator')).toBeHidden({ timeout: 30_000 })

  await clerk.goto('/recordings')
  await clerk.locator('a[href^="/recordings/"]:visible').first().click()
  await expect(clerk.locator('video')).toBeVisible({ timeout: 120_000 })
  const response = await clerk.request.get(`/api${new URL(clerk.url()).pathname}/file`)
  const file = testInfo.outputPath('clapper.mp4')
  writeFileSync(file, await response.body())

  const facts = await probeRecording(file)
  const recordedS = (stoppedAtMs - (await egressStartMs(stack, meeting.meetingId))) / 1000
  const claps = await findClaps(file)
  const distances = clapDistances(claps).sort((a, b) => a - b)
  const medianMs = Math.round((distances[Math.floor(distances.length / 2)] ?? Number.NaN) * 1000)
  console.log(
    `film ${facts.durationS.toFixed(2)} s, recorded ${recordedS.toFixed(2)} s; sound after picture: median ${medianMs} ms of ${distances.length} claps`,
  )
  expect(Math.abs(facts.durationS - recordedS)).toBeLessThan(1)
  expect(distances.length).toBeGreaterThanOrEqual(8)
  expect(Math.abs(medianMs)).toBeLessThan(80)
})
