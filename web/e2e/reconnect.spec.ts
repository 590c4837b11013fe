/** livekit-client heals a lost connection by itself and publishes again; what it loses on the way the page sends again. */
import { expect, test } from './support/fixtures.ts'
import { expectFlow } from './support/media.ts'
import { enterRoom, expectInRoom, scheduleMeeting, signIn } from './support/people.ts'

interface TestWindow {
  __diemcau?: {
    room?: {
      state: string
      localParticipant: { sid: string }
      simulateScenario(scenario: string): Promise<void>
    }
  }
  failures?: number
}

test('who comes back after a full reconnection or a stopped reload is seen and heard, also when a device starts late', async ({
  newPerson,
}) => {
  const clerk = await newPerson()
  await signIn(clerk, 'clerk')
  const meeting = await scheduleMeeting(clerk, 'Họp khi micrô khởi động chậm', { lobby: false })
  await clerk.close()
  const chair = await newPerson()
  await signIn(chair, 'chair')
  await enterRoom(chair, meeting.joinPath)
  await expectInRoom(chair)
  const guest = await newPerson()
  await enterRoom(guest, meeting.joinPath, { name: 'Bà Lò Thị Mai', passcode: meeting.passcode })
  const guestIdentity = await expectInRoom(guest)
  await expectFlow(chair, { video: [guestIdentity], audio: [guestIdentity] })

  await guest.evaluate(async () => {
    const page = window as unknown as TestWindow
    page.failures = 0
    const devices = navigator.mediaDevices
    const open = devices.getUserMedia.bind(devices)
    devices.getUserMedia = async constraints => {
      if (constraints?.audio && page.failures === 0) {
        page.failures = 1
        throw new DOMException('Could not start audio source', 'NotReadableError')
      }
      return await open(constraints)
    }
    await page.__diemcau?.room?.simulateScenario('full-reconnect')
  })
  await expect
    .poll(() => guest.evaluate(() => (window as unknown as TestWindow).failures), { timeout: 30_000 })
    .toBe(1)
  await expectFlow(chair, { video: [guestIdentity], audio: [guestIdentity] })

  // Somebody begins to reload the page and stops it: livekit-client has hung up, the page is still there.
  const sidOf = () =>
    guest.evaluate(() => {
      const room = (window as unknown as TestWindow).__diemcau?.room
      return room?.state === 'connected' ? room.localParticipant.sid : ''
    })
  const before = await sidOf()
  expect(before).not.toBe('')
  await guest.evaluate(() => void window.dispatchEvent(new Event('beforeunload')))
  await expect.poll(sidOf, { timeout: 5_000 }).toBe('')
  await expect.poll(sidOf, { timeout: 30_000 }).not.toBe('')
  expect(await sidOf()).not.toBe(before)
  await expectFlow(chair, { video: [guestIdentity], audio: [guestIdentity] })
})
