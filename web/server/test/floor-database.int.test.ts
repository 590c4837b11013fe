/** The floor while its database restarts: nothing is refused, nothing is done twice, and nobody's screen lacks anything. */
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { FloorClient } from './floor-client.ts'
import { floorSuite } from './floor-suite.ts'
import { eventually } from './portal.ts'

const floor = floorSuite()
const { sit } = floor
const texts = (client: FloorClient) =>
  client.events.flatMap(event => (event.type === 'chat_sent' ? [event.message.text] : []))

/** As Prisma tells of a server that was killed: 57P01 to whoever was connected. */
const killed = () =>
  Object.assign(new Error('terminating connection due to unexpected postmaster exit'), {
    code: 'P2039',
    meta: { driverAdapterError: { cause: { kind: 'postgres', originalCode: '57P01' } } },
  })

let restore = () => {}
afterEach(() => restore())

/** Transactions go through this; the rest of the database is as it is. */
function around(each: (run: () => Promise<unknown>) => Promise<unknown>): void {
  const { runtime } = floor.portal
  const { db } = runtime
  restore = () => {
    runtime.db = db
  }
  runtime.db = new Proxy(db, {
    get(target, key) {
      if (key === '$transaction')
        return (...given: Parameters<typeof db.$transaction>) => each(() => target.$transaction(...given))
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

describe('while the database restarts', () => {
  it('commands wait for it, in the order in which they came', async () => {
    const chair = await sit(floor.portal.actors.chair)
    let failures = 3
    around(async run => {
      failures -= 1
      if (failures >= 0) throw killed()
      return await run()
    })
    const answers = await Promise.all(
      ['một', 'hai', 'ba'].map(text => chair.send({ type: 'chat_send', text })),
    )
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    await eventually(() => expect(texts(chair)).toEqual(['một', 'hai', 'ba']))
  })

  it('a command that was committed without a word is done once and acknowledged, and everybody is told of it', async () => {
    const [chair, official] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official1)]
    await chair.send({ type: 'chat_send', text: 'một' })
    let isDying = true
    around(async run => {
      const done = await run()
      if (isDying) {
        isDying = false
        throw killed()
      }
      return done
    })
    const command = { type: 'chat_send', text: 'hai', commandId: randomUUID() }
    expect(await chair.send(command)).toEqual({ ok: true })
    for (const client of [chair, official])
      await eventually(() => expect(texts(client)).toEqual(['một', 'hai']))
    expect(await chair.send(command)).toEqual({ ok: true })
    expect(await chair.send({ type: 'chat_send', text: 'ba' })).toEqual({ ok: true })
    for (const client of [chair, official]) {
      await eventually(() => expect(texts(client)).toEqual(['một', 'hai', 'ba']))
      expect(client.events.map(({ seq }) => seq)).toEqual([1, 2, 3])
    }
    const where = { meetingId: floor.meeting.id }
    expect(await floor.portal.runtime.db.chatMessageRow.count({ where })).toBe(3)
  })

  it('what was committed without a word is told to those only who may see it', async () => {
    const [chair, official] = [await sit(floor.portal.actors.chair), await sit(floor.portal.actors.official1)]
    await chair.send({ type: 'chat_send', text: 'một' })
    let isDying = true
    around(async run => {
      const done = await run()
      if (isDying) {
        isDying = false
        throw killed()
      }
      return done
    })
    await official.send({ type: 'question_ask', text: 'Bao giờ?' })
    const other = await sit(floor.portal.actors.official2)
    await chair.send({ type: 'chat_send', text: 'hai' })
    for (const client of [chair, official])
      await eventually(() => expect(client.types()).toEqual(['chat_sent', 'question_asked', 'chat_sent']))
    await eventually(() => expect(texts(other)).toContain('hai'))
    expect(other.types()).toEqual(['chat_sent'])
  })
})
