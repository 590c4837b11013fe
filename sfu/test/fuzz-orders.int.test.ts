import { dispose } from '@livekit/rtc-node'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { budget, timeLimit } from './fuzz-support/budget.ts'
import { HonestPair } from './fuzz-support/honest-pair.ts'
import { Visitor } from './fuzz-support/visitor-model.ts'
import { step } from './fuzz-support/visitor-steps.ts'

/** Requests in any order, legal and illegal, of several visitors at once against a live server with two honest people in the room. */

const ROOM = 'fuzz-orders'
let sfu: RunningSfu
let pair: HonestPair
let rounds = 0
let answers = 0

beforeAll(async () => {
  sfu = await startSfu({ workers: 2, env: { SFU_JOINS_PER_MINUTE: '100000' } })
  pair = await HonestPair.create(sfu, ROOM)
})
afterAll(async () => {
  await pair?.close()
  await sfu?.stop()
  await dispose()
})

it('leaves two honest participants unharmed by any order of requests of others', {
  timeout: timeLimit(600_000),
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 1 }), step), { minLength: 4, maxLength: 24, size: 'max' }),
      async steps => {
        rounds += 1
        const visitors = [
          await Visitor.join(sfu, ROOM, `x-${rounds}`),
          await Visitor.join(sfu, ROOM, `y-${rounds}`),
        ]
        for (const [who, action] of steps) await visitors[who]?.run(action)
        for (const visitor of visitors) await visitor.verify()
        for (const { compared } of visitors) answers += compared
        for (const visitor of visitors) await visitor.close()
        const honest = await sfu.roomService().getParticipant(ROOM, 'honest-an')
        // Nobody else's mute, permission or offer may have touched them.
        expect(honest.tracks.map(track => track.muted)).toEqual([false, false])
        await pair.expectUnharmed()
      },
    ),
    budget(20),
  )
  console.log(`${rounds} sequences, ${answers} answers compared`)
  // Else nearly everybody would have been out, and nothing was compared.
  expect(answers).toBeGreaterThan(0)
})
