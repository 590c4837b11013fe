import { expect, it } from 'vitest'
import { meetingKind } from '../contracts/meeting.ts'
import { defaultOptions } from './default-options.ts'

it('lets those who watch ask and raise a hand where voters are met, one speaking at a time, and nowhere else', () => {
  for (const kind of meetingKind.options) {
    const isOpen = kind === 'voter_contact'
    expect(defaultOptions(kind)).toEqual({
      chat: true,
      viewersMayRaiseHand: isOpen,
      viewersMayAsk: isOpen,
      microphonesHeld: isOpen,
      floorMode: isOpen ? 'one' : 'free',
    })
  }
})
