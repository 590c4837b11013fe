import { describe, expect, it } from 'vitest'
import { speakerTurns } from './speaker-timeline.ts'

const said = (...entries: [number, ...string[]][]) =>
  entries.map(([atMs, ...participantIds]) => ({ atMs, participantIds }))

describe('speakerTurns', () => {
  it('keeps the last speaker through silence', () => {
    expect(speakerTurns(said([1000, 'A'], [3000], [9000, 'A']), 10_000)).toEqual([
      { atMs: 1000, participantId: 'A' },
    ])
  })

  it('does not turn to a cough', () => {
    expect(speakerTurns(said([0, 'A'], [5000, 'B'], [5400, 'A']), 10_000)).toEqual([
      { atMs: 0, participantId: 'A' },
    ])
  })

  it('takes a speech with pauses for breath as one', () => {
    const turns = speakerTurns(said([0, 'A'], [5000, 'B'], [5800], [6300, 'B'], [7000], [9000, 'A']), 9500)
    expect(turns).toEqual([
      { atMs: 0, participantId: 'A' },
      { atMs: 5000, participantId: 'B' },
    ])
  })

  it('stays with a picture for a while before it turns again', () => {
    const turns = speakerTurns(said([0, 'A'], [1000, 'B']), 10_000)
    expect(turns[1]).toEqual({ atMs: 2500, participantId: 'B' })
  })
})
