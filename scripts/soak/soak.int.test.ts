import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { SoakReport } from './soak-report.ts'

/** Runs the command as a person would, only shorter: the native SDK's threads stay out of the test process. */
async function soak(args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('soak.ts', import.meta.url)), ...args])
  let output = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output, errors }
}

it('leaves nothing open after visitors came, acted and went at random', { timeout: 300_000 }, async () => {
  const { code, output, errors } = await soak([
    '--minutes',
    '0.2',
    '--participants',
    '6',
    '--seed',
    '11',
    '--quick',
    '--json',
  ])
  expect(output, errors).toMatch(/^\{/)
  const report = JSON.parse(output) as SoakReport
  console.log(errors)
  expect(report.faults).toEqual([])
  expect(new Set(Object.values(report.end.open))).toEqual(new Set([0]))
  // It has to have done something: visits, and the things that open most.
  expect(report.visitors.joins.succeeded).toBeGreaterThanOrEqual(6)
  expect(report.visitors.done.publish ?? 0).toBeGreaterThan(0)
  expect(report.load.visitors).toBeGreaterThan(0)
  expect(report.isMemoryJudged).toBe(false)
  expect(code).toBe(0)
})

it('refuses numbers that make no sense', async () => {
  const { code, errors } = await soak(['--minutes', 'long'])
  expect(errors.trim()).toBe('--minutes must be a number from 0.1 to 1440')
  expect(code).toBe(2)
})
