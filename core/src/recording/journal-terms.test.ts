import { expect, it } from 'vitest'
import { joinTerms } from './journal.ts'

const speakers = (t: number) => ({ type: 'speakers' as const, t, participantIds: [] })

it('takes a recorder by its word until the next one speaks', () => {
  const { journal, endOf } = joinTerms([
    { term: 0, entries: [speakers(1), speakers(5), speakers(9)] },
    // Killed before it said a word.
    { term: 1, entries: [] },
    { term: 2, entries: [speakers(6), speakers(7), speakers(12)] },
    { term: 3, entries: [speakers(11)] },
  ])
  expect(journal.map(({ t }) => t)).toEqual([1, 5, 6, 7, 11])
  expect([0, 1, 2, 3].map(endOf)).toEqual([6, 6, 11, Number.POSITIVE_INFINITY])
})
