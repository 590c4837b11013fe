import { expect, it } from 'vitest'
import { formatChaos, lostOf } from './chaos-report.ts'
import { FAULTS } from './faults.ts'
import type { MediaGap } from './measure-media.ts'
import type { Round } from './run-chaos.ts'

const gap = (ms: number): MediaGap => ({ to: 'receiver-1', from: 'sender-2', kind: 'picture', ms })

const round = (changed: Partial<Round>): Round => ({
  fault: 'kill',
  node: 0,
  backMs: [],
  othersTicksMs: [60],
  othersSoundMs: [40],
  othersMedia: [gap(45)],
  machine: { stallMs: 1, waitMs: 7, idlePercent: 60 },
  listsMs: 100,
  toolLateMs: 12,
  lost: [],
  ...changed,
})

it('has one row a fault that was played, and nothing lost when nothing was', () => {
  const report = {
    rounds: [round({ backMs: [1000, 2000] }), round({ backMs: [3000, 4000], othersTicksMs: [60, 180] })],
    webhooks: { events: 12, faults: [] },
  }
  const lines = formatChaos(report, FAULTS)
  expect(lines.filter(line => line.startsWith('| a node'))).toEqual([
    '| a node is killed (kill -9) | 2 | 4 | 2000 | 4000 | 4000 | 5000 | 60 | 180 | 180 | 40 | 40 | 45 | 45 | 45 | 7 | 100 | 0 |',
  ])
  expect(lines.join('\n')).not.toContain('LOST')
  expect(lostOf(report)).toEqual([])
})

it('says in words what was lost, of people and of webhooks', () => {
  const report = {
    rounds: [
      round({ lost: ['person-1 is not connected'], listsMs: undefined }),
      round({ fault: 'stop', node: 2 }),
    ],
    webhooks: { events: 0, faults: ['there was none'] },
  }
  expect(lostOf(report)).toEqual(['kill, node 1: person-1 is not connected', 'webhooks: there was none'])
  expect(formatChaos(report, FAULTS).slice(-2)).toEqual([
    'LOST kill, node 1: person-1 is not connected',
    'LOST webhooks: there was none',
  ])
})

it('says in which rounds media among the others had a gap, and what the machine did meanwhile', () => {
  const machine = { stallMs: 3, waitMs: 190, idlePercent: 5 }
  const report = {
    rounds: [round({}), round({ node: 2, othersMedia: [gap(45), gap(220), gap(310)], machine })],
    webhooks: { events: 12, faults: [] },
  }
  const lines = formatChaos(report, FAULTS)
  expect(lines).toContain(
    'Media among the others: 1 of 2 rounds without a gap over 200. The processors were idle for 5 % (median; least 5 %).',
  )
  expect(lines.filter(line => line.includes('a gap of'))).toEqual([
    'kill, node 3: receiver-1 had picture of sender-2 with a gap of 310, and 1 more; meanwhile a process beside was late by 190, one before all others by 3, idle 5 %.',
  ])
  // Slow is not lost.
  expect(lostOf(report)).toEqual([])
})
