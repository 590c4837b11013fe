/**
 * Vitest's reporter of `npm test`: a line a file, and of what failed everything: the error, where, and what the test
 * printed. The chatter of passing tests and of the libraries under test goes to the log file only. Writes to file
 * descriptor 3, which scripts/test.mjs shows; standard output is that log.
 */
import { writeSync } from 'node:fs'
import path from 'node:path'

const EVERY_UNIT_FILES = 25

export default class VitestProgress {
  #root = process.cwd()
  #done = 0
  #total = 0
  #started = Date.now()
  #printed = new Map()

  #say(line) {
    writeSync(3, `${line}\n`)
  }

  onInit(vitest) {
    this.#root = vitest.config.root
  }

  onTestRunStart(specifications) {
    this.#total = specifications.length
  }

  onUserConsoleLog(log) {
    if (!log.taskId) return
    const before = this.#printed.get(log.taskId) ?? ''
    this.#printed.set(log.taskId, (before + log.content).slice(-4_000))
  }

  onTestCaseResult(test) {
    const { state, errors } = test.result()
    if (state === 'failed') {
      this.#say(`✗ ${path.relative(this.#root, test.module.moduleId)}: ${test.fullName}`)
      for (const error of errors) this.#say(indented(textOf(error)))
      const printed = this.#printed.get(test.id)
      if (printed) this.#say(indented(`it printed:\n${printed}`))
    } else if (state === 'passed' && (test.diagnostic()?.retryCount ?? 0) > 0) {
      this.#say(`! at another try: ${path.relative(this.#root, test.module.moduleId)}: ${test.fullName}`)
    }
    this.#printed.delete(test.id)
  }

  /** A hook that failed: tests of its group may all have passed. */
  onTestSuiteResult(suite) {
    const name = path.relative(this.#root, suite.module.moduleId)
    for (const error of suite.errors())
      this.#say(`✗ ${name}: ${suite.fullName}: before or after its tests\n${indented(textOf(error))}`)
  }

  onTestModuleEnd(module) {
    this.#done += 1
    const name = path.relative(this.#root, module.moduleId)
    const failed = module.state() === 'failed'
    for (const error of module.errors()) this.#say(`✗ ${name}\n${indented(textOf(error))}`)
    const tests = [...module.children.allTests()]
    const took = ((module.diagnostic()?.duration ?? 0) / 1000).toFixed(1)
    if (failed || this.#isWorthALine(name))
      this.#say(
        `${failed ? '✗' : '✓'} ${this.#done}/${this.#total} ${name}: ${tests.length} tests in ${took} s`,
      )
  }

  /** Files with real parts take long, so each is told; of the many fast ones every 25th and the last. */
  #isWorthALine(name) {
    return /\.int\.test\./.test(name) || this.#done % EVERY_UNIT_FILES === 0 || this.#done === this.#total
  }

  onTestRunEnd(_modules, errors) {
    for (const error of errors) {
      this.#say(`✗ outside of a test\n${indented(textOf(error))}`)
      // Also into the log, which scripts/test.mjs reads: standard output.
      for (const line of deathsIn(error, this.#root)) console.log(line)
    }
    this.#say(`${this.#done} files in ${((Date.now() - this.#started) / 1000).toFixed(0)} s`)
  }
}

/** The stack without the test runner's own frames, the difference where one is shown, and what was behind it. */
const textOf = error => {
  const stack = (error.stack ?? error.message)
    .split('\n')
    .filter(line => !/node_modules\/vitest\/|^\s+at new Promise \(<anon/.test(line))
  const cause = error.cause?.message ? [`because: ${error.cause.message}`] : []
  return [...stack, ...cause, ...(error.diff ? [error.diff] : [])].join('\n')
}

/** A line for each test file whose process was ended by a signal, as read-reports.mjs takes it. */
const deathsIn = (error, root) => {
  const [, signal, files] =
    /exited unexpectedly with .*?signal (\w+) during .* while running test files? (.*)/.exec(
      error.cause?.message ?? '',
    ) ?? []
  return (files?.split(', ') ?? []).map(file => `process ended by ${signal}: ${path.relative(root, file)}`)
}

const indented = text => text.replace(/^/gm, '    ')
