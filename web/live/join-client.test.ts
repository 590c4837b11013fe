import { expect, it } from 'vitest'
import { isJoinResult } from './join-client.ts'

it('takes the answers of the portal and nothing else for one', () => {
  const admitted = {
    status: 'admitted',
    serverUrl: 'ws://x',
    token: 't',
    ticket: 't',
    identity: 'viewer:1',
    name: '',
    role: 'viewer',
    meeting: { id: 'MT_1' },
  }
  expect(isJoinResult(admitted)).toBe(true)
  expect(isJoinResult({ status: 'waiting', ticket: 't', requestId: 'r' })).toBe(true)
  expect(isJoinResult({ status: 'refused', reason: 'full' })).toBe(true)
  const { token: _, ...tokenless } = admitted
  for (const value of [null, 'ok', [], {}, { status: 'toString' }, { status: 'refused' }, tokenless])
    expect(isJoinResult(value), JSON.stringify(value)).toBe(false)
})
