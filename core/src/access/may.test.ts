import { describe, expect, it } from 'vitest'
import { accountRoles } from '../roles.ts'
import { may, meetingActions } from './may.ts'

const live = { status: 'live' } as const

describe('who may do what with a meeting', () => {
  it('opens no meeting to the account role chair or secretary by itself', () => {
    for (const account of ['chair', 'secretary', 'official'] as const)
      for (const action of meetingActions)
        for (const status of ['scheduled', 'live', 'ended', 'cancelled'] as const)
          expect(may({ account, inMeeting: null }, action, { status })).toBe(false)
  })

  it('lets an official who chairs this meeting read it, whatever the account', () => {
    for (const account of accountRoles) {
      expect(may({ account, inMeeting: 'chair' }, 'read_attendance', live)).toBe(true)
      expect(may({ account, inMeeting: 'chair' }, 'download_recordings', live)).toBe(true)
    }
    expect(may({ account: 'official', inMeeting: 'delegate' }, 'read_attendance', live)).toBe(false)
    expect(may({ account: 'official', inMeeting: 'delegate' }, 'read_codes', live)).toBe(false)
  })

  it('gives operators the technology and not the attendance', () => {
    const operator = { account: 'operator', inMeeting: 'operator' } as const
    expect(may(operator, 'join', live)).toBe(true)
    expect(may(operator, 'read_attendance', live)).toBe(false)
    expect(may(operator, 'download_recordings', live)).toBe(false)
  })

  it('depends on the state of the meeting', () => {
    const clerk = { account: 'clerk', inMeeting: 'operator' } as const
    expect(may(clerk, 'cancel', live)).toBe(false)
    expect(may(clerk, 'cancel', { status: 'scheduled' })).toBe(true)
    expect(may(clerk, 'edit', { status: 'ended' })).toBe(false)
    expect(may(clerk, 'reopen', live)).toBe(false)
    expect(may(clerk, 'reopen', { status: 'ended' })).toBe(true)
    expect(may(clerk, 'join', { status: 'ended' })).toBe(false)
  })
})
