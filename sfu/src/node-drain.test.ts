import { expect, it } from 'vitest'
import { NodeDrain } from './node-drain.ts'
import { silentLog } from './room/base/log.ts'

/** Rooms with so many connections, whose drains end when told. */
function open(connections = 3) {
  const state = { connections, nowhere: undefined as string | undefined, isDraining: false, drains: 0 }
  let finish = () => {}
  const drain = new NodeDrain(
    {
      registry: {
        figuresHere: () => [
          { connections: state.connections, recorders: 1, people: 0, signalBytes: 0, dataBytes: 0 } as never,
        ],
      },
      drain: () => {
        state.isDraining = true
        state.drains += 1
        return new Promise<void>(resolve => {
          finish = resolve
        })
      },
      takeAgain: () => {
        state.isDraining = false
      },
      nowhereToGo: () => state.nowhere,
    },
    silentLog,
  )
  const end = async () => {
    finish()
    await Promise.resolve()
  }
  return { state, drain, end }
}

it('says how many are left until it is over, and goes on with those when asked again', async () => {
  const { state, drain, end } = open()
  expect(drain.report()).toEqual({ state: 'none', left: 4, refusal: null })
  expect(drain.begin()).toEqual({ state: 'going', left: 4, refusal: null })
  expect(drain.begin().state).toBe('going')
  expect(state.drains).toBe(1)
  state.connections = 1
  expect(drain.report().left).toBe(2)
  await end()
  expect(drain.report()).toEqual({ state: 'done', left: 2, refusal: null })
  drain.begin()
  expect(state.drains).toBe(2)
})

it('is taken back in the middle, and what the former one comes to changes nothing', async () => {
  const { state, drain, end } = open()
  drain.begin()
  expect(drain.end().state).toBe('none')
  expect(state.isDraining).toBe(false)
  await end()
  expect(drain.report().state).toBe('none')
})

it('is refused where nobody could take these people, but goes on when it had begun before', () => {
  const { state, drain } = open()
  state.nowhere = 'this node is alone'
  expect(drain.report().refusal).toBe('this node is alone')
  expect(() => drain.begin()).toThrow('this node is alone')
  expect(state.drains).toBe(0)
  state.nowhere = undefined
  drain.begin()
  state.nowhere = 'no other node takes people now'
  expect(drain.report().refusal).toBeNull()
})

it('is neither begun nor taken back while the node stops', () => {
  const { state, drain } = open()
  drain.begin()
  drain.refuse()
  expect(() => drain.end()).toThrow('stopping')
  expect(state.isDraining).toBe(true)
  expect(() => drain.begin()).toThrow('stopping')
})
