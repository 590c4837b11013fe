import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

async function fuzz(args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('fuzz.ts', import.meta.url)), ...args])
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

it('plays a round with the seed it is given and says what it found', { timeout: 120_000 }, async () => {
  const { code, output, errors } = await fuzz('--minutes 0.01 --seed 5 --factor 0.1 --only api'.split(' '))
  expect(output, errors).toMatch(/^round 1, seed 5: \d+ passed, 0 failed\n/)
  expect(output).toContain('0 findings')
  expect(code).toBe(0)
})

it('refuses numbers that make no sense', async () => {
  const { code, errors } = await fuzz(['--factor', 'much'])
  expect(errors.trim()).toBe('--factor must be a number from 0.1 to 10000')
  expect(code).toBe(2)
})

it('also plays what reads the headers of data tracks, and refuses a name that no test has', {
  timeout: 120_000,
}, async () => {
  const data = await fuzz('--minutes 0.01 --seed 5 --factor 0.1 --only data'.split(' '))
  expect(data.output, data.errors).toMatch(/^round 1, seed 5: [1-9]\d* passed, 0 failed\n/)
  const none = await fuzz(['--only', 'nothing'])
  expect(none.errors.trim()).toBe('no fuzz test has nothing in its name')
  expect(none.code).toBe(2)
})
