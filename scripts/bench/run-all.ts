/** All benches in one run, and the one table of their goals. */
import { randomBytes } from 'node:crypto'
import { noRedisServer } from '../../testing/redis-server.ts'
import type { MeetingOptions } from '../load/load-meeting.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, verdict } from './bench-report.ts'
import { type CostReport, measureCost } from './measure-cost.ts'
import { measureLimit } from './measure-limit.ts'
import { measureMemory } from './measure-memory.ts'
import { measurePipes } from './measure-pipes.ts'
import { measureSteady } from './measure-steady.ts'
import { measureStorm } from './measure-storm.ts'
import { startOwn } from './on-server.ts'

/** How much of everything. */
export interface Sizes {
  storm: { newcomers: number; perSecond: number; publishers: number; watchers: number }
  steady: { publishers: number; viewers: number; talkers: number; seconds: number }
  memory: { before: number; viewers: number }
  pipes: { publishers: number; viewers: number; seconds: number }
  cost: { sizes: number[]; seconds: number }
  limit: { receivers: number; seconds: number; rounds: number }
}

/** As the issue that asked for them has it. */
export const FULL: Sizes = {
  storm: { newcomers: 1_000, perSecond: 100, publishers: 1, watchers: 20 },
  steady: { publishers: 20, viewers: 180, talkers: 5, seconds: 20 },
  memory: { before: 50, viewers: 400 },
  pipes: { publishers: 100, viewers: 40, seconds: 10 },
  cost: { sizes: [50, 100, 200, 400, 1_000], seconds: 10 },
  limit: { receivers: 250, seconds: 4, rounds: 3 },
}

/** A test of function: each some seconds. */
export const SMALL: Sizes = {
  storm: { newcomers: 10, perSecond: 10, publishers: 2, watchers: 2 },
  steady: { publishers: 3, viewers: 6, talkers: 1, seconds: 5 },
  memory: { before: 2, viewers: 8 },
  pipes: { publishers: 2, viewers: 4, seconds: 1 },
  cost: { sizes: [3, 6], seconds: 1 },
  limit: { receivers: 10, seconds: 1, rounds: 1 },
}

export type Name = keyof Sizes
export const NAMES = Object.keys(FULL) as Name[]

export interface Tools {
  clients: RtcClients
  /** From ensureRtcClients. */
  program: string
  workerBin: string
  log: (line: string) => void
}

/** @returns reports by the name of the bench; one that could not be run is in `failed`, with the reason */
export async function runAll(
  tools: Tools,
  sizes: Sizes,
  names: readonly Name[],
): Promise<{ reports: Partial<Record<Name, BenchReport | CostReport>>; failed: string[] }> {
  const reports: Partial<Record<Name, BenchReport | CostReport>> = {}
  const failed: string[] = []
  for (const name of names) {
    tools.log(`— ${name}`)
    try {
      reports[name] = await runOne(name, tools, sizes)
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { reports, failed }
}

async function runOne(name: Name, tools: Tools, sizes: Sizes): Promise<BenchReport> {
  const { clients, log } = tools
  switch (name) {
    case 'storm':
      return onServer(3, meeting => measureStorm(clients, { ...sizes.storm, ...meeting, log }))
    case 'steady':
      return onServer(1, meeting => measureSteady(clients, { ...sizes.steady, ...meeting, log }))
    case 'memory':
      return onServer(1, meeting => measureMemory(clients, { ...sizes.memory, ...meeting, log }))
    case 'cost':
      return onServer(1, meeting => measureCost(clients, { ...sizes.cost, ...meeting, log }))
    case 'pipes':
      if (noRedisServer !== undefined) throw new Error(noRedisServer)
      return measurePipes(clients, { ...sizes.pipes, log })
    case 'limit':
      return measureLimit({ ...tools, ...sizes.limit })
  }
}

/** On a server of its own with one media worker, so that nothing is left of the bench before. */
async function onServer<Report>(
  layers: number,
  measure: (meeting: MeetingOptions) => Promise<Report>,
): Promise<Report> {
  const sfu = await startOwn(1)
  try {
    const { url, apiKey, apiSecret } = sfu
    const room = `bench-${randomBytes(4).toString('hex')}`
    return await measure({ url, apiKey, apiSecret, room, layers, shownLayer: 0 })
  } finally {
    await sfu.stop()
  }
}

/** One line for each goal, in Markdown. */
export function goalsTable(reports: readonly BenchReport[]): string[] {
  return [
    '| bench | what | measured | goal |',
    '|---|---|---|---|',
    ...reports.flatMap(report =>
      report.rows
        .filter(({ goal }) => goal !== undefined)
        .map(row => `| ${report.name} | ${row.what} | ${row.value} | ${verdict(row)} |`),
    ),
  ]
}
