import { expect, it } from 'vitest'
import { formatKills, lostOf } from './kills-report.ts'
import { KINDS } from './kinds.ts'
import type { KillResult, KillsReport } from './run-kills.ts'

const killed = (changed: Partial<KillResult>): KillResult => ({
  kind: 'portal',
  name: 'portal',
  round: 0,
  backMs: 2_000,
  commandMs: 2_500,
  peopleMs: [],
  othersMs: 90,
  lost: [],
  ...changed,
})
const none = { sent: 0, acked: 0, refused: 0, open: 0, codes: {} }
const report = (changed: Partial<KillsReport>): KillsReport => ({
  kills: [killed({})],
  rounds: 1,
  roundsMs: [18_000],
  comparisons: [{ after: 1, faults: [] }],
  last: {
    chat: { sent: 13, acked: 10, refused: 2, open: 1, codes: { internal: 2 } },
    hands: none,
    settings: none,
    presence: { connections: 4, worstHoleMs: 700, faults: [] },
    recording: { share: 0.98765, leastOfOne: 0.9, gaps: 2, worstGapMs: 3100, files: 9, empty: 1, faults: [] },
    faults: [],
  },
  film: { lengthMs: 61_000, recordedMs: 62_000 },
  ...changed,
})

it('has one row a kind that was killed, and nothing lost when nothing was', () => {
  const kills = [
    killed({}),
    killed({ round: 1, backMs: 4_000, commandMs: undefined, othersMs: 110, lost: ['no command'] }),
    killed({ kind: 'node', name: 'node-1', peopleMs: [1_000, 3_000] }),
  ]
  const lines = formatKills(report({ kills }), KINDS)
  expect(lines.filter(line => line.startsWith('| the portal') || line.startsWith('| a node'))).toEqual([
    '| a node | 1 | 2000 | 2000 | 2000 | 2500 | 2500 | 2500 | 1000 | 3000 | 3000 | 90 | 90 | 90 | 0 |',
    '| the portal | 2 | 2000 | 4000 | 4000 | 2500 | 2500 | 2500 | – | – | – | 90 | 110 | 110 | 1 |',
  ])
  expect(lines.join('\n')).toContain(
    'Messages: 13 sent, 10 acknowledged, 2 refused (2 internal), 1 unanswered.',
  )
  expect(lines.join('\n')).toContain('sound for 98.8 % of the time')
  expect(lines.join('\n')).toContain('Film: 61 s of 62 s')
  expect(lostOf(report({}))).toEqual([])
  expect(formatKills(report({ film: undefined }), KINDS).join('\n')).toContain('Film: not waited for.')
})

it('says in words what was lost, wherever it was found', () => {
  const changed = report({
    kills: [killed({ round: 4, lost: ['portal is not back'] })],
    comparisons: [
      { after: 10, faults: ['chat: an 3 was acknowledged and is not there'] },
      { after: 12, faults: [] },
    ],
    film: { fault: 'the film has 3 s of 60 s' },
  })
  changed.last.faults.push('hand: an is up')
  expect(lostOf(changed)).toEqual([
    'portal, round 5: portal is not back',
    'after 10 rounds: chat: an 3 was acknowledged and is not there',
    'at the end: hand: an is up',
    'film: the film has 3 s of 60 s',
  ])
  expect(formatKills(changed, KINDS).filter(line => line.startsWith('LOST '))).toHaveLength(4)
})
