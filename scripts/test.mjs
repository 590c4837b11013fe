/**
 * `npm test`: sets everything up, then runs unit tests, integration tests of the media server (real worker, browsers) with those of portal,
 * recordings and tools (PostgreSQL, ffmpeg) beside them, network tests and browser tests, and ends with `N passed, N failed` over everything that ran. A suite that crashes or runs
 * nothing counts as a failure; on Linux so does a test that is left out for want of a program that set-up has found or
 * installed; with CI set so does one that passed only at the second try and is not listed in test/retried-tests.mjs, and every one that did
 * when there were too many of them.
 * `npm test -- unit integration services networks browser` runs only the named ones.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { runMain, say, since, warn } from './lib/log.mjs'
import { root, run, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'
import {
  crashedFiles,
  judgeNumberOfRetries,
  judgeRetries,
  readPlaywright,
  readVitest,
  withSecondRun,
} from './test/read-reports.mjs'
import { mayBeRetried, mayCrash, secondTriesInARun } from './test/retried-tests.mjs'

const reports = path.join(root, '.cache', 'test-reports')

const vitest =
  project =>
  (report, files = []) => [
    'vitest',
    [
      'run',
      ...files,
      `--project=${project}`,
      '--silent=passed-only',
      '--reporter=./scripts/test/vitest-progress.mjs',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    {},
  ]
const suites = {
  unit: vitest('unit'),
  integration: vitest('integration'),
  services: vitest('services'),
  networks: vitest('networks'),
  browser: report => [
    'playwright',
    [
      'test',
      '--config',
      'web/playwright.config.ts',
      '--reporter=./scripts/test/playwright-progress.mjs,json',
    ],
    { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
  ],
}

/** One after another; what shares a step runs at the same time. What is judged by time runs alone. */
const steps = [['unit'], ['integration', 'services'], ['networks'], ['browser']]

const readJson = file => JSON.parse(readFileSync(file, 'utf8'))

const readReport = (name, report, variables) =>
  name === 'browser' ? readPlaywright(report, { folder: 'web/e2e' }) : readVitest(report, { root, variables })

/** Runs files again whose process a native library has crashed, if they are listed. Returns the report as it stands then, and how it ended. */
async function againIfCrashed(name, report, log, code, env) {
  if (name === 'browser') return { report, code, crashed: [] }
  const crashed = crashedFiles({ log: readFileSync(log, 'utf8'), list: mayCrash })
  if (crashed.length === 0) return { report, code, crashed }
  for (const file of crashed) warn(`a native library ended its process, it runs again: ${file}`)
  const second = path.join(reports, `${name}-again.json`)
  rmSync(second, { force: true })
  const [command, args] = suites[name](second, crashed)
  const { code: secondCode } = await run(command, args, {
    progressTo: path.join(reports, `${name}-again.log`),
    allowFailure: true,
    label: `${name} tests again`,
    everyMs: 60_000,
    env,
  })
  if (!existsSync(second)) return { report, code, crashed }
  return { report: withSecondRun(report, readJson(second)), code: secondCode, crashed }
}

/** Runs one suite; its progress is shown, all else that it and the libraries under test print goes to a log file. */
async function runSuite(name, env, variables) {
  const report = path.join(reports, `${name}.json`)
  const log = path.join(reports, `${name}.log`)
  rmSync(report, { force: true })
  const [command, args, extra] = suites[name](report)
  const started = Date.now()
  say(`${name} tests (everything they print: ${path.relative(root, log)})`)
  const first = await run(command, args, {
    progressTo: log,
    allowFailure: true,
    label: `${name} tests`,
    everyMs: 60_000,
    env: { ...env, ...extra },
  })
  const ended = existsSync(report)
    ? await againIfCrashed(name, readJson(report), log, first.code, env)
    : { report: undefined, code: first.code, crashed: [] }
  const { code } = ended
  const result = ended.report
    ? readReport(name, ended.report, variables)
    : { passed: 0, failed: 0, skipped: 0, retried: [], names: [], ran: [] }
  if (result.failed === 0 && (code !== 0 || result.passed === 0)) {
    result.failed += 1
    result.names.push(`${name}: ended with status ${code} after ${result.passed} tests; see ${log}`)
  }
  for (const { file, title, why } of result.retried) warn(`only at the second try: ${file}: ${title}: ${why}`)
  const faults = judgeRetries(result, mayBeRetried)
  if (process.env.CI) {
    result.failed += faults.length
    result.names.push(...faults)
  } else for (const one of faults) warn(one)
  return { ...result, name, crashed: ended.crashed, took: since(started) }
}

await runMain(async () => {
  if (process.argv.includes('--help')) {
    console.log(
      'npm test [-- unit integration services networks browser]   run all suites, or only the named ones',
    )
    return
  }
  const started = Date.now()
  const chosen = Object.keys(suites).filter(name => process.argv.length === 2 || process.argv.includes(name))
  const variables = await setUp({ tests: true })
  mkdirSync(reports, { recursive: true })
  // Hundreds of processes start: what they have compiled is kept for the next (halves the start of a media server).
  const compiled = path.join(root, '.cache', 'compiled')
  const env = toolEnv({ ...variables, NODE_ENV: 'test', NODE_COMPILE_CACHE: compiled })
  const results = []
  for (const step of steps) {
    const named = step.filter(name => chosen.includes(name))
    results.push(...(await Promise.all(named.map(name => runSuite(name, env, variables)))))
  }
  console.log('')
  for (const { name, passed, failed, skipped, retried, crashed, took, names } of results) {
    const notes = [
      skipped ? `${skipped} skipped` : '',
      retried.length ? `${retried.length} only at the second try` : '',
      crashed.length ? `${crashed.length} files again, as their process had died` : '',
    ].filter(Boolean)
    console.log(
      `${name}: ${passed} passed, ${failed} failed in ${took}${notes.length ? ` (${notes.join(', ')})` : ''}`,
    )
    for (const one of names) warn(`failed: ${one}`)
  }
  const tooMany = judgeNumberOfRetries(results, secondTriesInARun)
  for (const one of tooMany) warn(process.env.CI ? `failed: ${one}` : one)
  const sum = key => results.reduce((total, result) => total + result[key], 0)
  console.log(`All suites took ${since(started)}`)
  const failed = sum('failed') + (process.env.CI ? tooMany.length : 0)
  console.log(`${sum('passed')} passed, ${failed} failed`)
  if (failed > 0 || results.length === 0) process.exitCode = 1
})
