/** Command line of the long fuzzing: the fuzz tests of the SFU again and again, each time with another seed and more cases. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runTool } from '../lib/run-tool.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'

const help = `Usage: npm run fuzz -- [options]

Rounds of fuzz-*.test.ts, fuzz-*.int.test.ts and data-parsers.test.ts in sfu/test: bytes, messages in any order, descriptions,
data packets and headers of data tracks, API bodies and tokens, in front of the readers and of a running server with two honest participants who must stay unharmed. Each
round has a seed of its own. A round that fails is printed with the command that repeats it, and goes on to be a
regression test (sfu/test/regressions) once it is understood.

Exit code: 0 nothing was found, 1 something was, 2 it could not be run.

  --minutes N   rounds are begun for so long (default 30; fractions allowed)
  --seed N      of the first round; the next ones follow from it (default: a new one, printed)
  --factor N    cases of a round as a multiple of CI's (default 10)
  --only TEXT   only the files whose name holds it, such as orders, signal, parsers, api, data
  --help        this text`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    factor: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('../..', import.meta.url))

interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
  }[]
}

function number(name: 'minutes' | 'seed' | 'factor', least: number, most: number): number {
  const value = Number(values[name])
  if (!Number.isFinite(value) || value < least || value > most)
    throw new Error(`--${name} must be a number from ${least} to ${most}`)
  return value
}

/** The tests that look at FUZZ_SEED and FUZZ_FACTOR, by `--only`. */
async function testFiles(): Promise<string[]> {
  const folder = 'sfu/test'
  const names = await readdir(path.join(root, folder))
  const files = names.filter(
    name => /^(fuzz-.*|data-parsers)\.test\.ts$/.test(name) && name.includes(values.only),
  )
  if (files.length === 0) throw new Error(`no fuzz test has ${values.only} in its name`)
  return files.map(name => `${folder}/${name}`)
}

/** One round; its report, or undefined when the test runner itself failed. */
async function round(
  files: string[],
  seed: number,
  factor: number,
  env: NodeJS.ProcessEnv,
): Promise<Report | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'diemcau-fuzz-'))
  const file = path.join(folder, 'report.json')
  try {
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
    // Much more is done than in CI, so that the time limits of the single tests mean nothing here.
    const args = ['run', '--testTimeout', '7200000', '--reporter=json', `--outputFile.json=${file}`]
    const child = spawn(process.execPath, [vitest, ...args, ...files], {
      cwd: root,
      env: { ...env, FUZZ_SEED: String(seed), FUZZ_FACTOR: String(factor) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await new Promise(resolve => child.once('close', resolve))
    return JSON.parse(await readFile(file, 'utf8')) as Report
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function findings(report: Report): string[] {
  return report.testResults.flatMap(file => {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed')
    if (file.status === 'failed' && failed.length === 0) return [`${file.name}: ${file.message}`]
    return failed.map(({ fullName, failureMessages }) => `${fullName}\n${failureMessages.join('\n')}`)
  })
}

async function main(): Promise<number> {
  const until = Date.now() + number('minutes', 0.01, 24 * 60) * 60_000
  const first = Math.floor(number('seed', 0, 2 ** 31 - 1))
  const factor = number('factor', 0.1, 10_000)
  const files = await testFiles()
  const log = (line: string) => console.error(line)
  const env = { ...process.env, MEDIASOUP_WORKER_BIN: await ensureWorker({ root, log, allowApt: true }) }
  let found = 0
  let rounds = 0
  for (let seed = first; rounds === 0 || Date.now() < until; seed = (seed + 1) % 2 ** 31) {
    const report = await round(files, seed, factor, env)
    if (report === undefined || report.numPassedTests + report.numFailedTests === 0) return 2
    rounds += 1
    const bad = findings(report)
    found += bad.length
    console.log(`round ${rounds}, seed ${seed}: ${report.numPassedTests} passed, ${bad.length} failed`)
    for (const finding of bad) console.log(finding)
    const only = values.only === '' ? '' : ` --only ${values.only}`
    if (bad.length > 0)
      console.log(`again: npm run fuzz -- --minutes 0.01 --seed ${seed} --factor ${factor}${only}`)
  }
  console.log(`${rounds} rounds, ${found} findings`)
  return found === 0 ? 0 : 1
}

await runTool(values.help ? help : undefined, main)
