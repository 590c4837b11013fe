/** The first real meeting, end to end: scheduled, joined by four browsers and watched by a phone, run, recorded, reported. */
import { writeFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { expectFlow, remoteMedia } from './support/media.ts'
import {
  enterRoom,
  expectInRoom,
  openPersonMenu,
  type Scheduled,
  scheduleMeeting,
  signIn,
} from './support/people.ts'
import { egressStartMs, probeRecording } from './support/recording.ts'

test('a scheduled meeting is held by four browsers, recorded, and leaves a film and an attendance report', async ({
  newPerson,
  picture,
  stack,
}, testInfo) => {
  test.setTimeout(420_000)
  const clerk = await newPerson()
  let meeting!: Scheduled

  await test.step('the clerk signs in and schedules a meeting for now', async () => {
    await signIn(clerk, 'clerk')
    await picture(clerk, 'home')
    meeting = await scheduleMeeting(clerk, 'Họp triển khai nhiệm vụ tháng 12', {
      lobby: true,
      afterFilling: () => picture(clerk, 'schedule'),
    })
    await picture(clerk, 'meeting')
  })

  const chair = await newPerson()
  const official = await newPerson()
  const guest = await newPerson()
  const people: Record<string, Page> = {}

  await test.step('chair and an invited official join; a guest waits and is let in', async () => {
    await signIn(chair, 'chair')
    await enterRoom(chair, meeting.joinPath)
    people[await expectInRoom(chair)] = chair
    await enterRoom(clerk, meeting.joinPath)
    people[await expectInRoom(clerk)] = clerk
    await signIn(official, 'official1')
    await official.goto(meeting.joinPath)
    await expect(official.getByTestId('join-button')).toBeVisible()
    await expect(official.getByTestId('preview-video')).toBeVisible()
    await picture(official, 'check')
    await enterRoom(official, meeting.joinPath)
    people[await expectInRoom(official)] = official
    await enterRoom(guest, meeting.joinPath, { name: 'Bà Lường Thị Hạnh', passcode: '000000' })
    await expect(guest.getByTestId('join-problem')).toHaveAttribute('data-problem', 'wrong_code')
    await enterRoom(guest, meeting.joinPath, { name: 'Bà Lường Thị Hạnh', passcode: meeting.passcode })
    if (!(await chair.getByTestId('people-list').isVisible())) await chair.getByTestId('open-people').click()
    await chair.getByTestId('lobby-admit').first().click()
    people[await expectInRoom(guest)] = guest
  })
  const identities = Object.keys(people)
  const identityOf = (page: Page) => identities.find(identity => people[identity] === page) as string
  expect(identities).toHaveLength(4)

  await test.step('everyone sees the others move and hears them', async () => {
    for (const [identity, page] of Object.entries(people)) {
      const others = identities.filter(other => other !== identity)
      await expectFlow(page, { video: others, audio: others })
    }
    await picture(chair, 'room')
  })

  await test.step('they are on different workers', async () => {
    const metrics = await (await fetch(`${stack.sfuUrl}/metrics`)).text()
    const peers = [...metrics.matchAll(/diemcau_sfu_worker_peers\{[^}]*\} (\d+)/g)]
    const used = peers.map(one => Number(one[1])).filter(count => count > 0)
    expect(used.length, metrics).toBeGreaterThanOrEqual(2)
  })

  await test.step('the recording has begun by itself; everyone is told', async () => {
    for (const page of Object.values(people))
      await expect(page.getByTestId('recording-indicator')).toBeVisible()
    await expect(chair.getByTestId('recording-indicator')).toHaveAttribute('data-status', 'recording', {
      timeout: 30_000,
    })
  })
  const recordedFrom = Date.now()
  const beganAt = await egressStartMs(stack, meeting.meetingId)

  await test.step('a screen is shared and seen', async () => {
    await official.getByTestId('toggle-screen').click()
    await expect(chair.getByTestId('screen-tile').first()).toBeVisible({ timeout: 30_000 })
    await eventually(async () => {
      const screen = (await remoteMedia(chair)).find(
        one => one.source === 'screen_share' && one.kind === 'video',
      )
      return screen && screen.framesDecoded > 0 ? '' : 'the chair decodes no frame of the shared screen'
    }, 30_000)
    await picture(chair, 'room-screen')
    await official.getByTestId('toggle-screen').click()
    await expect(chair.getByTestId('screen-tile')).toHaveCount(0)
  })

  await test.step('chat reaches everyone', async () => {
    await guest.getByTestId('open-chat').click()
    await guest.getByTestId('chat-input').fill('Kính chào các đồng chí')
    await guest.getByTestId('chat-send').click()
    await chair.getByTestId('open-chat').click()
    await expect(
      chair.getByTestId('chat-message').filter({ hasText: 'Kính chào các đồng chí' }),
    ).toBeVisible()
  })

  await test.step('a hand is raised and seen', async () => {
    await official.getByTestId('toggle-hand').click()
    await expect(
      chair.locator(`[data-testid="tile"][data-identity="${identityOf(official)}"]`).getByTestId('tile-hand'),
    ).toBeVisible()
    await official.getByTestId('toggle-hand').click()
  })

  await test.step('the chair mutes the guest', async () => {
    await openPersonMenu(chair, identityOf(guest))
    await chair.getByTestId('action-mute').click()
    await expect(chair.locator(`[data-testid="tile"][data-identity="${identityOf(guest)}"]`)).toHaveAttribute(
      'data-muted',
      'true',
    )
    await eventually(async () => {
      const isOn = await guest.evaluate(() => {
        const room = (
          window as unknown as { __diemcau: { room: { localParticipant: { isMicrophoneEnabled: boolean } } } }
        ).__diemcau.room
        return room.localParticipant.isMicrophoneEnabled
      })
      return isOn ? 'the microphone of the guest is still on' : ''
    })
  })

  const voter = await newPerson({ phone: true })
  await test.step('a voter watches on a phone without an account', async () => {
    await voter.goto(meeting.joinPath.replace('/m/', '/w/'))
    await eventually(async () => {
      const pictures = (await remoteMedia(voter)).filter(one => one.kind === 'video' && one.framesDecoded > 0)
      return pictures.length > 0 ? '' : 'the voter decodes no frame'
    }, 30_000)
    await expect(voter.getByTestId('viewer-count')).toContainText('1')
    await picture(voter, 'watch-phone')
  })

  /** The film is at least this long, and no longer than from its begin until all were told of the end. */
  let recordedS = { least: 0, most: 0 }
  await test.step('the recording is stopped and the meeting ended for all', async () => {
    await eventually(
      () => (Date.now() - recordedFrom > 20_000 ? '' : 'the recording is too short to be judged'),
      60_000,
    )
    await chair.getByTestId('record').click()
    const stopPressedAt = Date.now()
    await chair.getByTestId('confirm').click()
    await expect(chair.getByTestId('recording-indicator')).toBeHidden({ timeout: 30_000 })
    recordedS = {
      least: (stopPressedAt - recordedFrom) / 1000 - 1,
      most: (Date.now() - beganAt) / 1000 + 1,
    }
    await chair.getByTestId('end-meeting').click()
    await chair.getByTestId('confirm').click()
    for (const page of [...Object.values(people), voter])
      await expect(page.getByTestId('over-page')).toBeVisible()
  })

  await test.step('the film plays in the portal and is a good film', async () => {
    await clerk.goto('/recordings')
    await clerk.locator('a[href^="/recordings/"]:visible').first().click()
    const video = clerk.locator('video')
    await expect(video).toBeVisible({ timeout: 180_000 })
    await eventually(async () => {
      const time = await video.evaluate(async (element: HTMLVideoElement) => {
        element.muted = true
        await element.play()
        return element.currentTime
      })
      return time > 0.5 ? '' : 'the film does not play'
    }, 30_000)
    await video.evaluate((element: HTMLVideoElement) => {
      element.currentTime = 8
    })
    await eventually(async () => {
      const time = await video.evaluate((element: HTMLVideoElement) =>
        element.seeking ? 0 : element.currentTime,
      )
      return time >= 8 ? '' : 'seeking does not arrive'
    })
    await picture(clerk, 'recording')
    const response = await clerk.request.get(`/api${new URL(clerk.url()).pathname}/file`)
    expect(response.status()).toBe(200)
    const file = testInfo.outputPath('recording.mp4')
    writeFileSync(file, await response.body())
    const facts = await probeRecording(file)
    expect(facts).toMatchObject({ videoCodec: 'h264', audioCodec: 'aac' })
    expect(facts.durationS).toBeGreaterThan(recordedS.least)
    expect(facts.durationS).toBeLessThan(recordedS.most)
    expect(facts.blackS).toBeLessThan(facts.durationS * 0.1)
    expect(facts.frozenS).toBeLessThan(facts.durationS * 0.3)
    expect(facts.maxVolumeDb).toBeGreaterThan(-40)
  })

  await test.step('the attendance report counts them and can be taken along', async () => {
    await clerk.goto(`/meetings/${meeting.meetingId}/attendance`)
    await expect(clerk.getByText('Bà Lường Thị Hạnh').first()).toBeVisible()
    await picture(clerk, 'attendance')
    const code = meeting.joinPath.split('/').pop()
    const xlsx = await clerk.request.get(`/api/meetings/${code}/attendance/xlsx`)
    expect(xlsx.status()).toBe(200)
    expect((await xlsx.body()).subarray(0, 2).toString()).toBe('PK')
    const csv = await (await clerk.request.get(`/api/meetings/${code}/attendance/csv`)).text()
    expect(csv).toContain('Bà Lường Thị Hạnh')
    expect(csv).toContain('Hoàng Văn Thái')
  })
})
