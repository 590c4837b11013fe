/** A voter on a phone asks to speak, is heard in the hall, and watches again. */
import type { Page } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { expect, test } from './support/fixtures.ts'
import { remoteMedia } from './support/media.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'

/** Energy of the sound of `identity` that this page has played so far. */
async function heard(page: Page, identity: string): Promise<number> {
  const sound = (await remoteMedia(page)).filter(one => one.identity === identity && one.kind === 'audio')
  return sound.reduce((sum, one) => sum + one.audioEnergy, 0)
}

/** Asks the chair's page every 50 ms whether it still has a track of `identity`; resolves to how long it had, ms. */
const silentAfterMs = (page: Page, identity: string): Promise<number> =>
  page.evaluate(async wanted => {
    interface TestRoom {
      remoteParticipants: Map<string, { trackPublications: Map<string, unknown> }>
    }
    const { room } = (window as unknown as { __diemcau: { room: TestRoom } }).__diemcau
    const since = performance.now()
    const isHeard = () => (room.remoteParticipants.get(wanted)?.trackPublications.size ?? 0) > 0
    while (isHeard() && performance.now() - since < 10_000) await new Promise(done => setTimeout(done, 50))
    return performance.now() - since
  }, identity)

test('a voter raises a hand by name, is given the floor, is heard in the hall, and watches again without a reload', async ({
  newPerson,
  picture,
}) => {
  const chair = await newPerson()
  await signIn(chair, 'clerk')
  const meeting = await scheduleMeeting(chair, 'Tiếp xúc cử tri trước kỳ họp thứ mười', {
    lobby: false,
    kind: 'voter_contact',
  })
  await enterRoom(chair, meeting.joinPath)
  const chairIdentity = await expectInRoom(chair)

  const voter = await newPerson({ phone: true })
  await voter.goto(meeting.joinPath.replace('/m/', '/w/'))
  await expect(voter.getByTestId('watch-video')).toBeVisible()
  await voter.evaluate(() => Object.assign(window, { wasLoadedOnce: true }))
  const voterIdentity = await voter.evaluate(
    () =>
      (window as unknown as { __diemcau: { room: { localParticipant: { identity: string } } } }).__diemcau
        .room.localParticipant.identity,
  )

  await test.step('the hand has a name', async () => {
    await voter.getByTestId('toggle-hand').click()
    await voter.getByTestId('hand-send').click()
    await expect(voter.getByTestId('hand-name')).toHaveAttribute('aria-invalid', 'true')
    await voter.getByTestId('hand-name').fill('Bà Lường Thị Hạnh')
    await voter.getByTestId('hand-unit').fill('xã Phượng Tiến')
    await voter.getByTestId('hand-send').click()
    await chair.getByTestId('open-people').click()
    await expect(chair.getByTestId('hand')).toContainText('Bà Lường Thị Hạnh – xã Phượng Tiến')
    await expect(chair.getByTestId('viewer-count')).toContainText('1')
    await picture(chair, 'voter-hand')
  })

  await test.step('the chair gives the floor, one tap opens the microphone, the hall hears it', async () => {
    await chair.getByTestId('give-floor').click()
    await expect(chair.getByTestId('floor-speaker')).toContainText('Bà Lường Thị Hạnh')
    await expect(voter.getByTestId('watch-voice')).toHaveAttribute('data-state', 'asked')
    expect(await heard(chair, voterIdentity)).toBe(0)
    await voter.getByTestId('voice-open').click()
    await expect(voter.getByTestId('watch-voice')).toHaveAttribute('data-state', 'on')
    await picture(voter, 'voter-speaks')
    await eventually(
      async () => ((await heard(chair, voterIdentity)) > 0 ? '' : 'the hall hears nothing'),
      30_000,
    )
    await expect(
      chair.locator(`[data-testid="tile"][data-identity="${voterIdentity}"]`).first(),
    ).toContainText('Bà Lường Thị Hạnh')
    // Counted as a viewer as before, and no participant.
    await expect(chair.getByTestId('viewer-count')).toContainText('1')
    await expect(chair.getByTestId('participant-count')).toContainText('1')
  })

  await test.step('the chair takes it back: silent at once, by the server, and watching as before', async () => {
    const silence = silentAfterMs(chair, voterIdentity)
    await chair.getByTestId('take-floor').click()
    // From before the click until the answer is drawn: the half second of the promise, and the machine's own slowness.
    expect(await silence).toBeLessThan(3_000)
    await expect(voter.getByTestId('watch-voice')).toHaveCount(0)
    await expect(chair.locator(`[data-testid="tile"][data-identity="${voterIdentity}"]`)).toHaveCount(0)
    await eventually(async () => {
      const isSending = await voter.evaluate(() => {
        const room = (
          window as unknown as {
            __diemcau: { room: { localParticipant: { trackPublications: Map<string, unknown> } } }
          }
        ).__diemcau.room
        return room.localParticipant.trackPublications.size > 0
      })
      return isSending ? 'the voter still sends' : ''
    })
    const before = (await remoteMedia(voter)).find(
      one => one.identity === chairIdentity && one.kind === 'video',
    )
    await eventually(async () => {
      const now = (await remoteMedia(voter)).find(
        one => one.identity === chairIdentity && one.kind === 'video',
      )
      return (now?.framesDecoded ?? 0) > (before?.framesDecoded ?? 0) ? '' : 'the picture stands still'
    }, 20_000)
    expect(await voter.evaluate(() => 'wasLoadedOnce' in window)).toBe(true)
    await expect(voter.getByTestId('toggle-hand')).toBeVisible()
  })

  await test.step('what a voter sends without the floor is refused by the server', async () => {
    const refusal = await voter.evaluate(async () => {
      interface TestRoom {
        localParticipant: {
          permissions: { canPublish: boolean }
          setMicrophoneEnabled: (isOn: boolean) => Promise<unknown>
        }
      }
      const { room } = (window as unknown as { __diemcau: { room: TestRoom } }).__diemcau
      return room.localParticipant.setMicrophoneEnabled(true).then(
        () => 'published',
        () => 'refused',
      )
    })
    expect(refusal).toBe('refused')
  })
})
