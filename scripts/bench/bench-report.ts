/** What the benches on the load tool have in common: rows of a table with goals, and the facts about the machine they hold for. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import path from 'node:path'
import { root } from '../lib/run.mjs'
import type { CpuTimes } from '../load/process-usage.ts'

export interface Row {
  what: string
  value: string
  /** In words, with the unit; undefined where there is none. */
  goal?: string
  isMet?: boolean
  /** Of a missed one, in words. */
  missedBy?: string
  /** Value ÷ goal, where that can be said. */
  ofGoal?: number
}

export interface BenchReport {
  name: string
  /** What was run, in a line. */
  setting: string
  rows: Row[]
  /** One line for each thing that went wrong. */
  faults: string[]
  /** Percent of one core while it measured, of all that is neither server nor load tool; undefined where that cannot be told apart. */
  othersPercent: number | undefined
  machine: MachineFacts
}

export interface MachineFacts {
  cpu: string
  cores: number
  memoryGb: number
  kernel: string
  node: string
  /** Of the minute before the end. */
  load: number
}

/** Beyond this the machine was busy with other things, and times are not those of an idle one. */
const IDLE_PERCENT = 15

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown processor',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    load: Math.round(loadavg()[0]! * 10) / 10,
  }
}

/** Shares of one core in an interval, as rows: what the load generator took, apart from the server. */
export function generatorRows(used: ReturnType<CpuTimes['since']>, elapsedMs: number): Row[] {
  const percent = (ms: number) => `${((ms / elapsedMs) * 100).toFixed(0)} % of a core`
  return [
    {
      what: 'load generator, its own CPU (signalling + media)',
      value: `${percent(used.signalling)} + ${percent(used.media)}`,
    },
    { what: 'all else on the machine', value: percent(used.others) },
  ]
}

/** A row whose value is a number with a goal not above. */
export function bounded(what: string, value: number, unit: string, most: number, digits = 0): Row {
  const isKnown = Number.isFinite(value)
  // What is in percent already is missed by points.
  const beyond =
    unit === '%'
      ? `${(value - most).toFixed(Math.max(1, digits))} points`
      : `${Math.ceil((value / most - 1) * 100)} %`
  return {
    what,
    value: isKnown ? `${value.toFixed(digits)} ${unit}`.trim() : 'never',
    goal: `≤ ${most} ${unit}`.trim(),
    isMet: value <= most,
    ...(isKnown && most > 0 ? { ofGoal: value / most } : {}),
    ...(isKnown && most > 0 && value > most ? { missedBy: beyond } : {}),
  }
}

/** Whether a goal is met, and by how much it is missed; nothing of a row without one. */
export const verdict = ({ goal, isMet, missedBy }: Row): string =>
  goal === undefined ? '' : `${goal}: ${isMet ? 'kept' : missedBy ? `missed by ${missedBy}` : 'missed'}`

/** The report as Markdown: a table, the machine, and whether the machine was idle. */
export function toMarkdown(report: BenchReport): string {
  const { name, setting, rows, machine, othersPercent, faults } = report
  const { cpu, cores, memoryGb, kernel, node, load } = machine
  const busy =
    othersPercent === undefined
      ? `What else the machine did is not told apart (load ${load}).`
      : othersPercent > IDLE_PERCENT
        ? `**Not of an idle machine**: other processes took ${othersPercent.toFixed(0)} % of a core meanwhile (load ${load}); times are too long, and missed goals say little.`
        : `Idle but for this: other processes took ${othersPercent.toFixed(0)} % of a core (load ${load}).`
  return [
    `### ${name}`,
    '',
    `${setting}. ${busy}`,
    '',
    '| what | measured | goal |',
    '|---|---|---|',
    ...rows.map(row => `| ${row.what} | ${row.value} | ${verdict(row)} |`),
    '',
    `Machine: ${cpu}, ${cores} cores, ${memoryGb} GB, Linux ${kernel}, Node ${node}, ${new Date().toISOString().slice(0, 10)}.`,
    ...(faults.length > 0
      ? [
          '',
          `Went wrong: ${faults.slice(0, 5).join('; ')}${faults.length > 5 ? `; and ${faults.length - 5} more` : ''}.`,
        ]
      : []),
  ].join('\n')
}

/** Puts the report in docs/benchmarks.md, in place of the last one of its name. @throws Error when the document has no place for it */
export function writeDown(report: BenchReport, mark: string): void {
  const file = path.join(root, 'docs', 'benchmarks.md')
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), mark, toMarkdown(report)))
}

/** The document with new text between `<!-- mark -->` and `<!-- /mark -->`. */
export function replaceSection(document: string, mark: string, text: string): string {
  const [open, close] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`]
  const from = document.indexOf(open)
  const to = document.indexOf(close)
  if (from < 0 || to < from) throw new Error(`the document has no section ${mark}`)
  return `${document.slice(0, from + open.length)}\n${text}\n${document.slice(to)}`
}
