import { newId, newRoomId } from '@diemcau/core/ids.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { RESTORE_WINDOW_MS } from '../record/cluster-record.ts'
import { MemoryRecord } from '../record/memory-record.ts'
import type { Incarnation } from '../record/record-types.ts'
import { RecordSteps } from './record-steps.ts'
import { draftOf } from './room-body.ts'

const options = {
  ...{ name: 'R', emptyTimeoutS: 60, departureTimeoutS: 60, maxParticipants: 0, metadata: '' },
}
const draft = () => draftOf(newRoomId(), { options, createdAtMs: 1 })

const emptied = (record: MemoryRecord) => {
  record.steps.empty()
  record.steps.begin()
  return record.steps.stamp().era.id
}

let aheadMs = 0
let record = new MemoryRecord(() => Date.now() + aheadMs)
afterEach(async () => {
  await record.close()
  aheadMs = 0
  record = new MemoryRecord(() => Date.now() + aheadMs)
})

function node(name: string, restore: (era: string) => Promise<boolean> = async () => true) {
  const buried: string[] = []
  const inst = name as Incarnation
  const steps: RecordSteps = new RecordSteps({
    // Read anew each time: a test may put an emptied one in its place.
    get record() {
      return record
    },
    inst,
    restore,
    onBuried: () => void buried.push(name),
  })
  const hello = () =>
    steps.ask(() => record.hello({ inst, deadlineMs: steps.deadline(1_000), host: name, facts: '' }))
  return { steps, buried, hello }
}

describe('steps on the shared record', () => {
  it("know the record's time, whatever the clock of this machine says", async () => {
    aheadMs = 3_600_000
    const { steps } = node('a')
    await steps.tune()
    expect(Math.abs(steps.now() - (Date.now() + 3_600_000))).toBeLessThan(1_000)
  })

  it('wait until an emptied record is open, but not longer than they may', async () => {
    const { steps, hello } = node('a')
    await steps.tune()
    await hello()
    const open = (ms: number) => steps.within(ms, call => record.open({ ...call, draft: draft() }))
    await expect(open(200)).rejects.toMatchObject({ code: 'unavailable' })
    const opened = open(10_000)
    aheadMs += RESTORE_WINDOW_MS
    expect(await opened).toMatchObject({ room: { name: 'R' } })
  })

  it('end for good when this incarnation is buried, and say so once', async () => {
    const first = node('host')
    await first.steps.tune()
    await first.hello()
    const again = new RecordSteps({
      record,
      inst: 'host-2' as Incarnation,
      restore: async () => true,
      onBuried: () => {},
    })
    await again.tune()
    // It has the same address: the former cannot live.
    await record.hello({
      inst: again.inst,
      deadlineMs: again.deadline(1_000),
      host: 'host',
      facts: '',
    })
    aheadMs += RESTORE_WINDOW_MS
    const open = () => first.steps.insist(call => record.open({ ...call, draft: draft() }))
    await expect(open()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(open()).rejects.toMatchObject({ code: 'unavailable' })
    expect(first.buried).toEqual(['host'])
    expect(first.steps.ended).toBe('buried')
  })

  it('go out only when what the node remembers is back in a record that was emptied', async () => {
    const restored: string[] = []
    let isReached = false
    const { steps, hello } = node('a', async era => {
      if (!isReached) return false
      restored.push(era)
      return true
    })
    await steps.tune()
    await hello()
    const former = steps.era
    await record.close()
    // The name of an era has its time in it.
    aheadMs += 10
    record = new MemoryRecord(() => Date.now() + aheadMs)
    Object.assign(steps, { record })
    await hello()
    await steps.tune()
    expect(steps.era).toBe(former)
    aheadMs += RESTORE_WINDOW_MS
    const opened = steps.within(10_000, call => record.open({ ...call, draft: draft() }))
    expect(
      await Promise.race([opened, new Promise(resolve => setTimeout(() => resolve('waits'), 300))]),
    ).toBe('waits')
    isReached = true
    await opened
    expect(restored).toHaveLength(1)
    expect(steps.era).not.toBe(former)
  })

  it('restore in the newest era when the record is emptied once more meanwhile', async () => {
    let leap = 0
    const record = new MemoryRecord(() => Date.now() + leap++)
    record.steps.begin()
    const restored: string[] = []
    let holds = Promise.resolve()
    const steps = new RecordSteps({
      record,
      inst: newId<Incarnation>('ND_'),
      restore: async era => {
        restored.push(era)
        await holds
        return era === record.steps.stamp().era.id
      },
      onBuried: () => {},
    })
    await steps.tune()
    const held = Promise.withResolvers<void>()
    holds = held.promise
    const second = emptied(record)
    await steps.tune()
    const third = emptied(record)
    expect(third).not.toBe(second)
    held.resolve()
    await eventually(() => (steps.era === third ? null : `still ${steps.era}`), 5_000)
    expect(restored).toEqual([second, third])
    const answer = await steps.once(call => record.sweep(call))
    expect(answer.outcome).toBe('done')
  })

  it('insist until nobody waits for it any more', async () => {
    const record = new MemoryRecord()
    record.steps.begin()
    const inst = newId<Incarnation>('ND_')
    const steps = new RecordSteps({ record, inst, restore: async () => true, onBuried: () => {} })
    await steps.tune()
    await record.close()
    let tries = 0
    const given = new AbortController()
    const insisting = steps.insist(call => {
      tries++
      return record.sweep(call)
    }, given.signal)
    await eventually(() => (tries > 1 ? null : 'one try'), 5_000)
    given.abort()
    await expect(insisting).rejects.toMatchObject({ code: 'unavailable' })
  })
})
