import { expect, it } from 'vitest'
import { type BenchReport, bounded, machineFacts, replaceSection, toMarkdown } from './bench-report.ts'

const report = (othersPercent: number): BenchReport => ({
  name: 'Join storm',
  setting: '10 viewers',
  rows: [bounded('p95', 900, 'ms', 1000), bounded('CPU', 7.25, 'ms', 6, 1), { what: 'packets', value: '12' }],
  faults: [],
  othersPercent,
  machine: machineFacts(),
})

it('says of each goal whether it is kept, and what machine it was', () => {
  const text = toMarkdown(report(3))
  expect(text).toContain('| p95 | 900 ms | ≤ 1000 ms: kept |')
  expect(text).toContain('| CPU | 7.3 ms | ≤ 6 ms: missed |')
  expect(text).toContain('| packets | 12 |  |')
  expect(text).toContain(`Node ${process.version}`)
  expect(text).toContain('Idle but for this')
})

it('marks figures of a busy machine', () => {
  expect(toMarkdown(report(60))).toContain('**Not of an idle machine**: other processes took 60 % of a core')
})

it('replaces one section of a document', () => {
  const document = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n'
  const once = replaceSection(document, 'x', 'new')
  expect(once).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb\n')
  expect(replaceSection(once, 'x', 'new')).toBe(once)
  expect(() => replaceSection(document, 'y', 'new')).toThrow('no section y')
})
