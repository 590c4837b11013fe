import type { CommandResult, FloorCommand } from '@diemcau/core/contracts/floor.ts'
import { describe, expect, it } from 'vitest'
import { UnansweredCommands } from './unanswered-commands.ts'

const chat = (commandId: string): FloorCommand => ({ type: 'chat_send', commandId, text: 'xin chào' })
const lock = (commandId: string): FloorCommand => ({ type: 'lock', commandId, locked: true })
const ok: CommandResult = { ok: true }

describe('UnansweredCommands', () => {
  it('hands out each command once, in order, and settles it with the answer', async () => {
    const unanswered = new UnansweredCommands()
    const first = unanswered.add(chat('1'))
    const second = unanswered.add(lock('2'))
    expect(unanswered.takeDue().map(command => command.commandId)).toEqual(['1', '2'])
    expect(unanswered.takeDue()).toEqual([])
    unanswered.settle('2', { ok: false, code: 'forbidden', message: '' })
    unanswered.settle('1', ok)
    expect(await first).toEqual(ok)
    expect(await second).toMatchObject({ ok: false, code: 'forbidden' })
    expect(unanswered.size).toBe(0)
  })

  it('sends the same command with the same id again after a lost connection', () => {
    const unanswered = new UnansweredCommands()
    void unanswered.add(chat('1'))
    const sent = unanswered.takeDue()
    unanswered.releaseAll()
    expect(unanswered.takeDue()).toEqual(sent)
    unanswered.release('1')
    expect(unanswered.takeDue()).toEqual(sent)
  })

  it('keeps what was written and gives up control commands that are too old', async () => {
    let nowMs = 0
    const unanswered = new UnansweredCommands(() => nowMs)
    void unanswered.add(chat('1'))
    const locked = unanswered.add(lock('2'))
    nowMs = 60_000
    expect(unanswered.takeDue().map(command => command.commandId)).toEqual(['1'])
    expect(await locked).toMatchObject({ ok: false, code: 'expired' })
  })

  it('ignores a second answer and settles everything at close', async () => {
    const unanswered = new UnansweredCommands()
    const first = unanswered.add(chat('1'))
    const second = unanswered.add(chat('2'))
    unanswered.settle('1', ok)
    unanswered.settle('1', { ok: false, code: 'late', message: '' })
    unanswered.close()
    unanswered.close()
    expect(await first).toEqual(ok)
    expect(await second).toMatchObject({ code: 'closed' })
  })
})
