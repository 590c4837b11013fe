/** kill -9 in turn of every process during a running, recorded meeting: people are back by themselves, nothing is lost. */
import { writeFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { expectFlow } from './support/media.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'
import { egressStartMs, probeRecording } from './support/recording.ts'
import type { Stack } from './support/stack.ts'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Kills the service and waits until the supervisor has a new, healthy process in its place. */
async function killService(stack: Stack, service: 'portal' | 'sfu' | 'recordings'): Promise<void> {
  const before = stack.pidOf(service)
  if (!before) throw new Error(`${service} does not run`)
  process.kill(before, 'SIGKILL')
  await eventually(() => {
    const now = stack.pidOf(service)
    return now && now !== before && isAlive(now) ? '' : `${service} has not been started again`
  }, 30_000)
}

async function say(page: Page, text: string): Promise<void> {
  if (!(await page.getByTestId('chat-input').isVisible())) await page.getByTestId('open-chat').click()
  await page.getByTestId('chat-input').fill(text)
  await page.getByTestId('chat-send').click()
}

test('killed processes come back, and with them picture, sound, chat, attendance and the recording', async ({
  newPerson,
  stack,
}, testInfo) => {
  test.setTimeout(480_000)
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, 'Họp trong lúc máy chủ gặp sự cố', { lobby: false })
  const chair = await newPerson()
  await signIn(chair, 'chair')
  await enterRoom(chair, meeting.joinPath)
  const chairIdentity = await expectInRoom(chair)
  const guest = await newPerson()
  await enterRoom(guest, meeting.joinPath, { name: 'Ông Hứa Văn Tài', passcode: meeting.passcode })
  const guestIdentity = await expectInRoom(guest)
  const joinedAtMs = Date.now()

  const expectBothFlow = async (timeoutMs: number) => {
    await expectFlow(chair, { video: [guestIdentity], audio: [guestIdentity] }, timeoutMs)
    await expectFlow(guest, { video: [chairIdentity], audio: [chairIdentity] }, timeoutMs)
  }
  const lines: string[] = []
  const recover = async (what: string) => {
    const from = Date.now()
    await expectBothFlow(90_000)
    console.log(`${what}: picture and sound both ways after ${((Date.now() - from) / 1000).toFixed(1)} s`)
    const line = `Sau sự cố ${what}`
    lines.push(line)
    await say(guest, line)
    await expect(chair.getByTestId('chat-message').filter({ hasText: line })).toBeVisible({ timeout: 40_000 })
  }

  await expectBothFlow(45_000)
  await say(guest, 'Trước sự cố')
  lines.push('Trước sự cố')
  await chair.getByTestId('open-chat').click()
  await expect(chair.getByTestId('chat-message').filter({ hasText: 'Trước sự cố' })).toBeVisible()
  // It was planned: it has begun by itself.
  await expect(chair.getByTestId('recording-indicator')).toHaveAttribute('data-status', 'recording', {
    timeout: 30_000,
  })
  const recordedFrom = await egressStartMs(stack, meeting.meetingId)

  await test.step('a media worker', async () => {
    const before = stack.workerPids()
    expect(before.length).toBeGreaterThanOrEqual(2)
    process.kill(before[0] as number, 'SIGKILL')
    await eventually(
      () => (stack.workerPids().length >= 2 ? '' : 'no new worker has taken the place'),
      20_000,
    )
    await recover('worker')
  })
  await test.step('the portal', async () => {
    await killService(stack, 'portal')
    await recover('portal')
  })
  await test.step('recordings', async () => {
    await killService(stack, 'recordings')
    await recover('recordings')
  })
  await test.step('the media server', async () => {
    await killService(stack, 'sfu')
    await recover('sfu')
  })

  await test.step('no chat message is lost', async () => {
    await chair.reload()
    await chair.getByTestId('join-button').click()
    await expectInRoom(chair)
    await chair.getByTestId('open-chat').click()
    for (const line of lines)
      await expect(chair.getByTestId('chat-message').filter({ hasText: line })).toHaveCount(1)
  })

  await test.step('the recording still runs, stops when told, and is whole but for the gaps', async () => {
    await expect(chair.getByTestId('recording-indicator')).toBeVisible({ timeout: 40_000 })
    await chair.getByTestId('record').click()
    await chair.getByTestId('confirm').click()
    const wallS = (Date.now() - recordedFrom) / 1000
    await expect(chair.getByTestId('recording-indicator')).toBeHidden({ timeout: 40_000 })
    await clerk.goto('/recordings')
    await clerk.locator('a[href^="/recordings/"]:visible').first().click()
    await expect(clerk.locator('video')).toBeVisible({ timeout: 180_000 })
    const response = await clerk.request.get(`/api${new URL(clerk.url()).pathname}/file`)
    const file = testInfo.outputPath('survived.mp4')
    writeFileSync(file, await response.body())
    const facts = await probeRecording(file)
    expect(Math.abs(facts.durationS - wallS), `film ${facts.durationS} s, wall ${wallS} s`).toBeLessThan(4)
    expect(facts.maxVolumeDb).toBeGreaterThan(-40)
  })

  await test.step('no attendance interval is lost', async () => {
    await chair.getByTestId('end-meeting').click()
    await chair.getByTestId('confirm').click()
    await expect(guest.getByTestId('over-page')).toBeVisible()
    const stayS = (Date.now() - joinedAtMs) / 1000
    const code = meeting.joinPath.split('/').pop()
    await eventually(async () => {
      const rows = parseCsv(await (await clerk.request.get(`/api/meetings/${code}/attendance/csv`)).text())
      const column = (name: string) => rows[0]?.indexOf(name) ?? -1
      const row = rows.find(one => one[column('Người dự')] === 'Ông Hứa Văn Tài')
      if (!row) return 'the report does not name the guest'
      const [hours, minutes, seconds] = (row[column('Thời lượng có mặt')] ?? '').split(':').map(Number)
      const attendedS = (hours ?? Number.NaN) * 3600 + (minutes ?? Number.NaN) * 60 + (seconds ?? Number.NaN)
      // The stay goes on through every kill: a connection that is back soon is the same stay.
      const isWhole = attendedS > stayS - 20 && attendedS < stayS + 6
      return isWhole ? '' : `the report has ${attendedS} s of the guest, who stayed ${stayS.toFixed(0)} s`
    }, 30_000)
  })
})

/** RFC 4180 with commas or semicolons, as the export writes it. */
function parseCsv(text: string): string[][] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .trim()
    .split(/\r?\n/)
  const separator = lines[0]?.includes(';') ? ';' : ','
  const cell = new RegExp(`(?:^|${separator})(?:"((?:[^"]|"")*)"|([^${separator}]*))`, 'g')
  return lines.map(line =>
    [...line.matchAll(cell)].map(match => match[1]?.replaceAll('""', '"') ?? match[2] ?? ''),
  )
}
