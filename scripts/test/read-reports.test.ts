import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  crashedFiles,
  judgeNumberOfRetries,
  judgeRetries,
  readPlaywright,
  readVitest,
  withSecondRun,
} from './read-reports.mjs'
import { mayBeRetried, mayCrash, secondTriesInARun } from './retried-tests.mjs'

const assertion = (fullName: string, status: string, failureMessages: string[] = []) => ({
  fullName,
  status,
  failureMessages,
})
const vitestReport = (assertions: ReturnType<typeof assertion>[], name = '/p/sfu/test/a.int.test.ts') => ({
  numPassedTests: assertions.filter(one => one.status === 'passed').length,
  numPendingTests: assertions.filter(one => one.status === 'skipped').length,
  testResults: [{ name, status: 'passed', message: '', assertionResults: assertions }],
})

describe("vitest's report", () => {
  it('tells what passed, what failed by file and title, and what passed only at the second try', () => {
    const report = vitestReport([
      assertion('a room opens', 'passed'),
      assertion('a room closes', 'failed', ['no']),
      assertion('a room lasts', 'passed', ['timed out\n  at x']),
    ])
    expect(readVitest(report, { root: '/p' })).toMatchObject({
      passed: 2,
      failed: 1,
      names: ['sfu/test/a.int.test.ts: a room closes'],
      retried: [{ file: 'sfu/test/a.int.test.ts', title: 'a room lasts', why: 'timed out' }],
    })
  })

  it('counts a file that could not be loaded as failed', () => {
    const report = vitestReport([])
    report.testResults[0]!.status = 'failed'
    report.testResults[0]!.message = 'SyntaxError'
    expect(readVitest(report, { root: '/p' })).toMatchObject({
      failed: 1,
      names: ['sfu/test/a.int.test.ts: SyntaxError'],
    })
  })

  it('counts a test that was left out as failed when set-up has its program', () => {
    const report = vitestReport([assertion('in Firefox', 'skipped')], '/p/sfu/test/firefox.int.test.ts')
    const options = { root: '/p', platform: 'linux' as const }
    expect(readVitest(report, options)).toMatchObject({ failed: 0, skipped: 1 })
    expect(readVitest(report, { ...options, variables: { FIREFOX: '/usr/bin/firefox' } })).toMatchObject({
      failed: 1,
      skipped: 0,
    })
  })

  it('looks at every file that needs the program, and at no other', () => {
    const files = ['cluster/redis/inbox.int.test.ts', 'cluster/redis/redis-record.int.test.ts']
    const report = vitestReport([assertion('a claim', 'skipped')], `/p/sfu/src/${files[0]}`)
    report.testResults.push(
      ...vitestReport([assertion('a race', 'skipped')], `/p/sfu/src/${files[1]}`).testResults,
    )
    report.testResults.push(...vitestReport([assertion('a room', 'skipped')]).testResults)
    report.numPendingTests = 3
    const variables = { REDIS_SERVER: '/usr/bin/redis-server' }
    expect(readVitest(report, { root: '/p', platform: 'linux', variables })).toMatchObject({
      failed: 2,
      skipped: 1,
    })
  })
})

describe('a file whose process died', () => {
  const file = 'sfu/test/a.int.test.ts'
  const list = [{ file, reason: 'a native library' }]
  const heap = 'chatter\nmalloc(): unsorted double linked list corrupted\n'
  const died = (signal: string) => `process ended by ${signal}: ${file}\n`
  const crashed = () => {
    const report = vitestReport([assertion('a room opens', 'passed'), assertion('a room closes', 'pending')])
    report.testResults[0]!.status = 'failed'
    report.testResults.push(
      ...vitestReport([assertion('b', 'passed')], '/p/sfu/test/b.int.test.ts').testResults,
    )
    return report
  }

  it('is run again when it is listed and a native library has ended it', () => {
    expect(crashedFiles({ log: heap + died('SIGABRT'), list })).toEqual([file])
    expect(crashedFiles({ log: died('SIGSEGV'), list })).toEqual([file])
    expect(crashedFiles({ log: died('SIGSEGV'), list: [] })).toEqual([])
    // Out of memory, or killed.
    expect(crashedFiles({ log: died('SIGABRT'), list })).toEqual([])
    expect(crashedFiles({ log: heap + died('SIGKILL'), list })).toEqual([])
    expect(crashedFiles({ log: heap, list })).toEqual([])
  })

  it('stands as it went the second time, and as failed without one', () => {
    expect(readVitest(crashed(), { root: '/p' })).toMatchObject({
      failed: 1,
      names: [`${file}: something before or after its tests, or its process died`],
    })
    const second = vitestReport([
      assertion('a room opens', 'passed'),
      assertion('a room closes', 'failed', ['no']),
    ])
    expect(readVitest(withSecondRun(crashed(), second), { root: '/p' })).toMatchObject({
      passed: 2,
      failed: 1,
      skipped: 0,
      names: [`${file}: a room closes`],
    })
  })

  it('has a reason in every entry of the list', () => {
    for (const entry of mayCrash) {
      expect(existsSync(new URL(`../../${entry.file}`, import.meta.url)), entry.file).toBe(true)
      expect(entry.reason.length).toBeGreaterThan(40)
    }
  })
})

describe("Playwright's report", () => {
  const spec = (title: string, ok: boolean, status: string, results: object[]) => ({
    title,
    ok,
    file: 'meeting.spec.ts',
    tests: [{ status, results }],
  })
  const report = {
    errors: [{ message: 'no browser\nat y' }],
    suites: [
      {
        title: 'meeting.spec.ts',
        specs: [
          spec('is held', true, 'expected', [{ status: 'passed' }]),
          spec('is ended', false, 'unexpected', [{ status: 'failed' }]),
        ],
        suites: [
          {
            title: 'a hall',
            specs: [
              spec('joins', true, 'flaky', [
                { status: 'timedOut', error: { message: 'late\nmore' } },
                { status: 'passed' },
              ]),
              spec('is left out', true, 'skipped', [{ status: 'skipped' }]),
            ],
          },
        ],
      },
    ],
  }

  it('tells the same, and what failed outside of a test', () => {
    expect(readPlaywright(report, { folder: 'web/e2e' })).toMatchObject({
      passed: 2,
      failed: 2,
      skipped: 1,
      names: ['web/e2e/meeting.spec.ts: is ended', 'outside of a test: no browser'],
      retried: [{ file: 'web/e2e/meeting.spec.ts', title: 'a hall joins', why: 'late' }],
    })
  })
})

describe('a second try', () => {
  const retried = [{ file: 'a.test.ts', title: 'a room lasts', why: 'late' }]
  const ran = [{ file: 'a.test.ts', title: 'a room lasts' }]
  const entry = { file: 'a.test.ts', title: 'a room', reason: 'real encoders' }

  it('is a fault unless the test is listed in its file', () => {
    expect(judgeRetries({ retried, ran }, [])).toEqual([
      expect.stringContaining('is not listed with a reason: a.test.ts: a room lasts'),
    ])
    expect(judgeRetries({ retried, ran }, [entry])).toEqual([])
    expect(judgeRetries({ retried, ran }, [{ ...entry, file: 'b.test.ts' }])).toHaveLength(1)
    expect(judgeRetries({ retried, ran }, [{ ...entry, title: 'a meeting' }])).toHaveLength(2)
  })

  it('is a fault when it is listed without a reason or for a test that is gone, once its file has run', () => {
    expect(judgeRetries({ retried, ran }, [{ ...entry, reason: ' ' }])).toEqual([
      expect.stringContaining('without a reason'),
    ])
    const gone = { ...entry, title: 'a room of old' }
    expect(judgeRetries({ retried: [], ran }, [gone])).toEqual([expect.stringContaining('no such test')])
    expect(judgeRetries({ retried: [], ran: [] }, [gone])).toEqual([])
  })

  it('has a reason in every entry of the list', () => {
    for (const { file, title, reason } of mayBeRetried) {
      expect(file).toMatch(/\.(int\.test|spec)\.ts$/)
      expect(title === '' || title.length > 10, title).toBe(true)
      expect(reason.length).toBeGreaterThan(40)
      expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true)
    }
  })

  it('is a fault, listed or not, when too many tests of a run needed one', () => {
    const run = (count: number) => [
      { retried: [] },
      { retried: Array.from({ length: count }, () => retried[0]!) },
    ]
    expect(judgeNumberOfRetries(run(secondTriesInARun), secondTriesInARun)).toEqual([])
    const faults = judgeNumberOfRetries(run(secondTriesInARun + 1), secondTriesInARun)
    expect(faults).toHaveLength(secondTriesInARun + 1)
    expect(faults[0]).toContain('a.test.ts: a room lasts')
  })
})
