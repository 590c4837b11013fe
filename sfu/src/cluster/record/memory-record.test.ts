import { beforeEach, expect, it, vi } from 'vitest'
import { MemoryRecord } from './memory-record.ts'
import { describeRecord, type RecordUnderTest } from './record-scenarios.ts'

beforeEach(() => {
  vi.useFakeTimers()
  return () => {
    vi.useRealTimers()
  }
})

async function make({ isOpen }: { isOpen: boolean }): Promise<RecordUnderTest> {
  const record = new MemoryRecord()
  if (isOpen) record.steps.begin()
  return {
    record,
    pass: async ms => void (await vi.advanceTimersByTimeAsync(ms)),
    empty: async () => record.steps.empty(),
    beginAnotherLife: async () => record.steps.rollBack(record.steps.snapshot()),
    stop: () => record.close(),
  }
}

describeRecord('the record in memory', make, { canLeap: true })

it('leaves no timer behind', async () => {
  const record = new MemoryRecord()
  const reading = expect(record.readInbox('ND_x' as never, '0', 1, 60_000)).rejects.toThrow('closed')
  await record.close()
  await reading
  expect(vi.getTimerCount()).toBe(0)
})
