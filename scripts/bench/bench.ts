/** `npm run bench`: all benches of the media server in one run, and one table of ratios. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../lib/run.mjs'
import { runTool } from '../lib/run-tool.ts'
import { startMediaClients } from '../load/tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { type BenchReport, replaceSection, toMarkdown } from './bench-report.ts'
import type { CostReport } from './measure-cost.ts'
import { barChart } from './plot.ts'
import { FULL, goalsTable, NAMES, type Name, runAll, SMALL } from './run-all.ts'

const help = `Usage: npm run bench -- [options]

Runs, each on servers of its own with one media worker, without a browser (npm run load -- --help):

  storm    1,000 viewers join a running room at 100 a second
  steady   Node's CPU to the media workers' while 20 publishers and 180 viewers meet and speakers change
  memory   what Node and worker grow by for a viewer with one picture and five voices
  pipes    media between two nodes: loss of 200 streams in step, CPU and traffic at 40 viewers a stream
  cost     CPU a participant in rooms of 50, 100, 200, 400 and 1,000
  limit    a worker's CPU a forwarded packet to the bare limit (copy, encrypt, send), 250 receivers

and writes docs/benchmarks.md with every table, its goals (kept, or by how much missed) and the machine, and plots into docs/images. Ratios hold
on a machine that does other things, too; times do not, and each table says what else ran.

Exit code: 0 everything was measured and arrived, 1 something did not arrive (in the tables), 2 a bench could not be run. A missed goal is no fault.

  --only NAME  may be given again
  --small      some seconds each, few people: whether the benches work. Writes nothing
  --dry        writes nothing
  --json
  --help`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    small: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<number> {
  const log = (line: string) => console.error(line)
  const unknown = (values.only ?? []).filter(name => !NAMES.includes(name as Name))
  if (unknown.length > 0) throw new SetupError(`Unknown bench: ${unknown.join(', ')}; --help lists them`)
  const names = NAMES.filter(name => values.only?.includes(name) ?? true)
  const program = await ensureRtcClients({ root, log, allowApt: true })
  const workerBin = await ensureWorker({ root, log, allowApt: true })
  // Nodes of a cluster take it from here.
  process.env.MEDIASOUP_WORKER_BIN = workerBin
  const clients = await startMediaClients(log)
  try {
    const tools = { clients, program, workerBin, log }
    const { reports, failed } = await runAll(tools, values.small ? SMALL : FULL, names)
    if (!values.small && !values.dry) write(reports)
    const all = Object.values(reports)
    console.log(values.json ? JSON.stringify({ reports, failed }, null, 2) : goalsTable(all).join('\n'))
    for (const line of failed) log(line)
    if (failed.length > 0) return 2
    return all.some(({ faults }) => faults.length > 0) ? 1 : 0
  } finally {
    await clients.close()
  }
}

type Reports = Partial<Record<Name, BenchReport | CostReport>>

function write(reports: Reports): void {
  const file = path.join(root, 'docs', 'benchmarks.md')
  let document = readFileSync(file, 'utf8')
  for (const [name, report] of Object.entries(reports))
    document = replaceSection(document, name, toMarkdown(report))
  if (Object.keys(reports).length === NAMES.length)
    document = replaceSection(document, 'goals', goalsTable(Object.values(reports)).join('\n'))
  writeFileSync(file, document)
  const images = path.join(root, 'docs', 'images')
  mkdirSync(images, { recursive: true })
  const plot = (name: string, svg: string) => writeFileSync(path.join(images, `${name}.svg`), svg)
  const { cost } = reports
  if (cost && 'costs' in cost) {
    const bars = cost.costs.map(({ size, msPerS }) => ({ label: `${size} participants`, value: msPerS }))
    plot('bench-cost', barChart('CPU a participant, server and media worker', 'ms/s', bars))
  }
  const goals = Object.values(reports).flatMap(({ rows }) =>
    rows.flatMap(({ what, ofGoal }) => (ofGoal === undefined ? [] : [{ label: what, value: ofGoal }])),
  )
  plot('bench-goals', barChart('Measured ÷ goal: up to the line is kept', '', goals, 1))
}

await runTool(values.help ? help : undefined, main)
