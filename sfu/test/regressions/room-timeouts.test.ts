import { expect, it } from 'vitest'
import { settle, TestRooms } from '../room-support/test-room.ts'

/** Found by fuzz-api.test.ts: seconds beyond 2³¹ ms overflowed the timer, and the room was closed after 1 ms. */
it('keeps an empty room whose timeout is longer than any timer', async () => {
  const rooms = new TestRooms()
  await rooms.registry.createRoom({ name: 'R', emptyTimeoutS: 2 ** 32 - 1 })
  await new Promise(resolve => setTimeout(resolve, 20))
  await settle()
  expect(rooms.registry.listRooms().map(room => room.name)).toEqual(['R'])
  await rooms.registry.close()
})
