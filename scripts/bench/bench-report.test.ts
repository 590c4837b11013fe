import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../lib/run.mjs'
import {
  type BenchReport,
  bounded,
  machineFacts,
  replaceSection,
  toMarkdown,
  verdict,
} from './bench-report.ts'
import { FULL } from './run-all.ts'

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
  expect(text).toContain('| CPU | 7.3 ms | ≤ 6 ms: missed by 21 % |')
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

it('says by how much a goal is missed, in points where it is a share', () => {
  expect(verdict(bounded('more', 12.5, '%', 5))).toBe('≤ 5 %: missed by 7.5 points')
  expect(verdict(bounded('kB', 120, 'kB', 100))).toBe('≤ 100 kB: missed by 20 %')
  expect(verdict(bounded('lost', 3, '', 0))).toBe('≤ 0: missed')
  expect(verdict({ what: 'packets', value: '12' })).toBe('')
  expect(bounded('kB', 50, 'kB', 100).ofGoal).toBe(0.5)
})

it('has a place in the document for each bench and for the goals of all', () => {
  const document = readFileSync(path.join(root, 'docs/benchmarks.md'), 'utf8')
  for (const mark of ['goals', ...Object.keys(FULL)])
    expect(replaceSection(document, mark, 'new'), mark).toContain('new')
})
