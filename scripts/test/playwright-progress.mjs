/**
 * Playwright's reporter of `npm test`: a line a test, and of what failed the whole error and what the product printed
 * meanwhile. Everything else that is printed goes nowhere. Writes to file descriptor 3, as vitest-progress.mjs does.
 */
import { writeSync } from 'node:fs'
import path from 'node:path'

export default class PlaywrightProgress {
  #done = 0
  #total = 0

  #say(line) {
    writeSync(3, `${line}\n`)
  }

  onBegin(_config, suite) {
    this.#total = suite.allTests().length
  }

  onTestEnd(test, result) {
    const name = `${path.basename(test.location.file)}: ${test.title}`
    if (result.status === 'passed' || result.status === 'skipped') {
      this.#done += 1
      const tries = result.retry > 0 ? `, at try ${result.retry + 1}` : ''
      const mark = result.status === 'passed' ? '✓' : '–'
      this.#say(
        `${mark} ${this.#done}/${this.#total} ${name} in ${(result.duration / 1000).toFixed(0)} s${tries}`,
      )
      return
    }
    this.#say(`✗ ${name} (try ${result.retry + 1})`)
    for (const error of result.errors)
      this.#say(indented(error.stack ?? error.message ?? String(error.value)))
    const printed = [...result.stdout, ...result.stderr].map(String).join('').slice(-4_000)
    if (printed) this.#say(indented(`it printed:\n${printed}`))
  }

  onError(error) {
    this.#say(`✗ outside of a test\n${indented(error.stack ?? error.message ?? '')}`)
  }

  printsToStdio() {
    return false
  }
}

const indented = text => text.replace(/^/gm, '    ')
