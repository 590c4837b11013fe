import type { CommandResult, FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { describe, expect, it } from 'vitest'
import { CommandOutbox } from './command-outbox.ts'

const chat = (commandId: string): FloorCommand => ({ type: 'chat_send', commandId, text: 'xin chào' })
const lock = (commandId: string): FloorCommand => ({ type: 'lock', commandId, locked: true })
const ok: CommandResult = { ok: true }

describe('CommandOutbox', () => {
  it('hands out each command once, in order, and settles it with the answer', async () => {
    const outbox = new CommandOutbox()
    const first = outbox.add(chat('1'))
    const second = outbox.add(lock('2'))
    expect(outbox.takeDue().map(command => command.commandId)).toEqual(['1', '2'])
    expect(outbox.takeDue()).toEqual([])
    outbox.settle('2', { ok: false, code: 'forbidden', message: '' })
    outbox.settle('1', ok)
    expect(await first).toEqual(ok)
    expect(await second).toMatchObject({ ok: false, code: 'forbidden' })
    expect(outbox.size).toBe(0)
  })

  it('sends the same command with the same id again after a lost connection', () => {
    const outbox = new CommandOutbox()
    void outbox.add(chat('1'))
    const sent = outbox.takeDue()
    outbox.releaseAll()
    expect(outbox.takeDue()).toEqual(sent)
    outbox.release('1')
    expect(outbox.takeDue()).toEqual(sent)
  })

  it('keeps what was written and gives up control commands that are too old', async () => {
    let nowMs = 0
    const outbox = new CommandOutbox(() => nowMs)
    void outbox.add(chat('1'))
    const locked = outbox.add(lock('2'))
    nowMs = 60_000
    expect(outbox.takeDue().map(command => command.commandId)).toEqual(['1'])
    expect(await locked).toMatchObject({ ok: false, code: 'expired' })
  })

  it('ignores a second answer and settles everything at close', async () => {
    const outbox = new CommandOutbox()
    const first = outbox.add(chat('1'))
    const second = outbox.add(chat('2'))
    outbox.settle('1', ok)
    outbox.settle('1', { ok: false, code: 'late', message: '' })
    outbox.close()
    outbox.close()
    expect(await first).toEqual(ok)
    expect(await second).toMatchObject({ code: 'closed' })
  })
})
