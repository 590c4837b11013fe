/**
 * What the reports of vitest and Playwright say, in one shape. Pure: the reports are given, nothing is read or printed.
 * A test that passed only when it was tried again is told as such, and in CI it counts as failed unless it is listed.
 */
import path from 'node:path'

/**
 * @typedef {{ file: string, title: string, why: string }} Retried
 * @typedef {{ passed: number, failed: number, skipped: number, retried: Retried[], names: string[], ran: { file: string, title: string }[] }} Result
 */

/** Paths of files whose tests leave themselves out on a machine without this program, by set-up's variable for it. */
const needed = {
  FIREFOX: /\/firefox\.int\.test\.ts$/,
  TURNSERVER: /\/connection-check\.int\.test\.ts$/,
  REDIS_SERVER: /\/(redis\/[^/]+|redis-[^/]+)\.int\.test\.ts$/,
  GO_PEER: /\/sdk-go\.int\.test\.ts$/,
  PYTHON_PEER: /\/sdk-python\.int\.test\.ts$/,
}

const firstLine = text => String(text ?? '').split('\n')[0]

/** Tests left out although set-up has what they need. On other systems than Linux it may well lack it. */
function wronglySkipped(report, variables, platform) {
  if (platform !== 'linux') return []
  return Object.entries(needed).flatMap(([variable, files]) => {
    if (!variables[variable]) return []
    const skipped = report.testResults
      .filter(file => files.test(file.name.split(path.sep).join('/')))
      .flatMap(file => file.assertionResults)
      .filter(one => one.status === 'skipped' || one.status === 'pending')
    return skipped.map(one => `left out, though ${variable} is ${variables[variable]}: ${one.fullName}`)
  })
}

/**
 * @param report vitest's JSON report
 * @param {{ root: string, variables?: Record<string, string>, platform?: string }} options
 * @returns {Result}
 */
export function readVitest(report, { root, variables = {}, platform = process.platform }) {
  const names = []
  const ran = []
  const retried = []
  for (const file of report.testResults) {
    const name = path.relative(root, file.name).split(path.sep).join('/')
    const { status, assertionResults } = file
    if (status === 'failed' && assertionResults.length === 0) names.push(`${name}: ${file.message}`)
    // What failed before or after the tests of a group is told by the progress; the report has no word of it.
    else if (status === 'failed' && assertionResults.every(one => one.status !== 'failed'))
      names.push(`${name}: ${file.message || 'something before or after its tests, or its process died'}`)
    for (const one of file.assertionResults) {
      const title = one.fullName.trim()
      ran.push({ file: name, title })
      if (one.status === 'failed') names.push(`${name}: ${title}`)
      if (one.status === 'passed' && one.failureMessages.length > 0)
        retried.push({ file: name, title, why: firstLine(one.failureMessages[0]) })
    }
  }
  const leftOut = wronglySkipped(report, variables, platform)
  return {
    passed: report.numPassedTests,
    failed: names.length + leftOut.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0) - leftOut.length,
    retried,
    names: [...names, ...leftOut],
    ran,
  }
}

/** What the C library says when a native library has overwritten its heap, before it ends the process. */
const HEAP_IS_CORRUPT =
  /^(malloc|free|realloc|munmap_chunk|corrupted|double free)\b.*(corrupt|invalid|double|size)/m

/**
 * Files whose process a native library has ended: by a fault of memory, or by the C library as the heap was corrupt, which it then has said.
 * Only files that are listed.
 *
 * @param {{ log: string, list: { file: string, reason: string }[] }} options log: all that the run has printed, with what vitest-progress.mjs
 *   says of processes that were ended by a signal
 * @returns {string[]} paths from the root
 */
export function crashedFiles({ log, list }) {
  const deaths = [...log.matchAll(/^process ended by (\w+): (.+)$/gm)]
  return deaths
    .filter(
      ([, signal]) =>
        signal === 'SIGSEGV' || signal === 'SIGBUS' || (signal === 'SIGABRT' && HEAP_IS_CORRUPT.test(log)),
    )
    .map(([, , file]) => file.split(path.sep).join('/'))
    .filter(name => list.some(({ file }) => file === name))
}

/**
 * The report in which files that were run again stand as they went then.
 *
 * @param report of all files
 * @param second of those alone
 */
export function withSecondRun(report, second) {
  const again = new Set(second.testResults.map(file => file.name))
  const counts = (results, status) =>
    results.flatMap(file => file.assertionResults).filter(one => one.status === status).length
  const kept = report.testResults.filter(file => !again.has(file.name))
  const testResults = [...kept, ...second.testResults]
  return {
    ...report,
    testResults,
    numPassedTests: counts(testResults, 'passed'),
    numPendingTests: counts(testResults, 'pending') + counts(testResults, 'skipped'),
  }
}

/**
 * @param report Playwright's JSON report
 * @param {{ folder: string }} options of the tests, from the root
 * @returns {Result}
 */
export function readPlaywright(report, { folder }) {
  const result = { passed: 0, failed: 0, skipped: 0, retried: [], names: [], ran: [] }
  const walk = (suite, titles) => {
    for (const spec of suite.specs ?? []) {
      const file = path.posix.join(folder, spec.file)
      const title = [...titles, spec.title].join(' ')
      const [test] = spec.tests
      result.ran.push({ file, title })
      if (test?.status === 'skipped') result.skipped += 1
      else if (!spec.ok) {
        result.failed += 1
        result.names.push(`${file}: ${title}`)
      } else {
        result.passed += 1
        const failedTry = test?.results.find(one => one.status !== 'passed' && one.status !== 'skipped')
        if (test?.status === 'flaky')
          result.retried.push({ file, title, why: firstLine(failedTry?.error?.message) })
      }
    }
    for (const child of suite.suites ?? []) walk(child, [...titles, child.title])
  }
  for (const suite of report.suites) walk(suite, [])
  for (const error of report.errors) {
    result.failed += 1
    result.names.push(`outside of a test: ${firstLine(error.message)}`)
  }
  return result
}

const answersTo = (entry, test) => test.file === entry.file && test.title.startsWith(entry.title)

/**
 * What is wrong with second tries: tests that needed one and are not listed, entries without a reason, and entries of
 * a file that ran which no test in it answers to (so that the list cannot outlive what it excuses).
 *
 * @param {Pick<Result, 'retried' | 'ran'>} result
 * @param {{ file: string, title: string, reason: string }[]} list
 * @returns {string[]} one sentence each
 */
export function judgeRetries({ retried, ran }, list) {
  const unlisted = retried
    .filter(test => !list.some(entry => answersTo(entry, test)))
    .map(
      test => `passed only at the second try, and is not listed with a reason: ${test.file}: ${test.title}`,
    )
  const files = new Set(ran.map(test => test.file))
  const useless = list.flatMap(entry => {
    if (entry.reason.trim() === '')
      return [`listed for a second try without a reason: ${entry.file}: ${entry.title}`]
    if (files.has(entry.file) && !ran.some(test => answersTo(entry, test)))
      return [`listed for a second try, but no such test is there: ${entry.file}: ${entry.title}`]
    return []
  })
  return [...unlisted, ...useless]
}

/**
 * What is wrong when more tests of a whole run needed a second try than may: all of them are named.
 *
 * @param {Pick<Result, 'retried'>[]} results of all suites of the run
 * @param {number} most
 * @returns {string[]} one sentence each
 */
export function judgeNumberOfRetries(results, most) {
  const all = results.flatMap(({ retried }) => retried)
  if (all.length <= most) return []
  return all.map(
    ({ file, title }) =>
      `one of ${all.length} that passed only at the second try, and a run may have ${most}: ${file}: ${title}`,
  )
}
