/**
 * `npm test`: sets everything up, then runs unit, integration (real worker, PostgreSQL, ffmpeg) and browser tests, one
 * after another, and ends with `N passed, N failed` over everything that ran. A suite that crashes or runs nothing counts
 * as a failure; on Linux so does a test that is left out for want of a program that set-up has found or installed.
 * `npm test -- unit integration browser` runs only the named ones.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { runMain, say, since, warn } from './lib/log.mjs'
import { root, run, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'

const reports = path.join(root, '.cache', 'test-reports')

const vitest = project => report => [
  'vitest',
  ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  {},
]
const suites = {
  unit: vitest('unit'),
  integration: vitest('integration'),
  browser: report => [
    'playwright',
    ['test', '--config', 'web/playwright.config.ts'],
    { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
  ],
}

/** Files whose tests leave themselves out on a machine without this program, by set-up's variable for it. */
const needed = { FIREFOX: 'firefox.int.test.ts', TURNSERVER: 'connection-check.int.test.ts' }

/** Tests left out although set-up has what they need. On other systems than Linux it may well lack it. */
function wronglySkipped(report, variables) {
  if (process.platform !== 'linux') return []
  return Object.entries(needed).flatMap(([variable, name]) => {
    const file = report.testResults.find(one => path.basename(one.name) === name)
    if (!variables[variable] || !file) return []
    const skipped = file.assertionResults.filter(one => one.status === 'skipped' || one.status === 'pending')
    return skipped.map(one => `left out, though ${variable} is ${variables[variable]}: ${one.fullName}`)
  })
}

/** @returns {{ passed: number, failed: number, skipped: number, flaky: number, names: string[] }} */
function readVitest(report, variables) {
  const names = report.testResults.flatMap(file => {
    if (file.status === 'failed' && file.assertionResults.length === 0)
      return [`${file.name}: ${file.message}`]
    return file.assertionResults.filter(one => one.status === 'failed').map(one => one.fullName)
  })
  const files = names.length - report.numFailedTests
  const retried = report.testResults
    .flatMap(file => file.assertionResults)
    .filter(one => one.status === 'passed' && one.failureMessages.length > 0)
  for (const one of retried)
    warn(`only at the second try: ${one.fullName}: ${one.failureMessages[0].split('\n')[0]}`)
  const leftOut = wronglySkipped(report, variables)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + Math.max(0, files) + leftOut.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0) - leftOut.length,
    flaky: retried.length,
    names: [...names, ...leftOut],
  }
}

function readPlaywright(report) {
  const names = []
  const walk = suite => {
    for (const spec of suite.specs ?? []) if (!spec.ok) names.push(`${suite.title} › ${spec.title}`)
    for (const child of suite.suites ?? []) walk(child)
  }
  for (const suite of report.suites) walk(suite)
  const { expected, unexpected, flaky, skipped } = report.stats
  return { passed: expected + flaky, failed: unexpected + report.errors.length, skipped, flaky, names }
}

async function runSuite(name, env, variables) {
  const report = path.join(reports, `${name}.json`)
  rmSync(report, { force: true })
  const [command, args, extra] = suites[name](report)
  const started = Date.now()
  say(`${name} tests`)
  const { code } = await run(command, args, {
    show: true,
    allowFailure: true,
    label: `${name} tests`,
    env: { ...env, ...extra },
  })
  const result = existsSync(report)
    ? (name === 'browser' ? readPlaywright : readVitest)(JSON.parse(readFileSync(report, 'utf8')), variables)
    : { passed: 0, failed: 0, skipped: 0, flaky: 0, names: [] }
  if (result.failed === 0 && (code !== 0 || result.passed === 0)) {
    result.failed += 1
    result.names.push(`${name}: ended with status ${code} after ${result.passed} tests`)
  }
  return { ...result, name, took: since(started) }
}

await runMain(async () => {
  if (process.argv.includes('--help')) {
    console.log('npm test [-- unit integration browser]   run all suites, or only the named ones')
    return
  }
  const started = Date.now()
  const chosen = Object.keys(suites).filter(name => process.argv.length === 2 || process.argv.includes(name))
  const variables = await setUp({ tests: true })
  mkdirSync(reports, { recursive: true })
  const env = toolEnv({ ...variables, NODE_ENV: 'test' })
  const results = []
  for (const name of chosen) results.push(await runSuite(name, env, variables))
  console.log('')
  for (const { name, passed, failed, skipped, flaky, took, names } of results) {
    const notes = [
      skipped ? `${skipped} skipped` : '',
      flaky ? `${flaky} only at the second try` : '',
    ].filter(Boolean)
    console.log(
      `${name}: ${passed} passed, ${failed} failed in ${took}${notes.length ? ` (${notes.join(', ')})` : ''}`,
    )
    for (const one of names) warn(`failed: ${one}`)
  }
  const sum = key => results.reduce((total, result) => total + result[key], 0)
  console.log(`All suites took ${since(started)}`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  if (sum('failed') > 0 || results.length === 0) process.exitCode = 1
})
