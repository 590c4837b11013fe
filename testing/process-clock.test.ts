import { type ChildProcess, spawn } from 'node:child_process'
import { expect, it, onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { ProcessClock } from './process-clock.ts'

/** Says its time by three ways, and by a fourth which is not to be changed, whenever it is spoken to. */
const TELLER = `process.stdin.on('data', () =>
  console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), new Date(5).getTime(), new Date() instanceof Date])))
console.log('ready')`

const HOUR_MS = 3_600_000

async function teller(clock: ProcessClock): Promise<{ child: ChildProcess; tell(): Promise<unknown[]> }> {
  const child = spawn(process.execPath, ['-e', TELLER], {
    env: { ...process.env, NODE_OPTIONS: clock.nodeOptions },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  child.stdout?.on('data', chunk => lines.push(...String(chunk).trim().split('\n')))
  const next = async () => {
    await eventually(() => (lines.length > 0 ? null : 'it says nothing'))
    return lines.shift()!
  }
  expect(await next()).toBe('ready')
  return {
    child,
    tell: async () => {
      child.stdin?.write('?')
      return JSON.parse(await next())
    },
  }
}

it('makes a process’s clock wrong from its start, and leap while it runs', async () => {
  const clock = await ProcessClock.create(HOUR_MS)
  onTestFinished(() => clock.close())
  const { child, tell } = await teller(clock)
  const isAhead = ([a, b, c, fixed, isDate]: unknown[], ms: number) => {
    for (const told of [a, b, c] as number[])
      expect(Math.abs(told - Date.now() - ms)).toBeLessThan(HOUR_MS / 4)
    expect([fixed, isDate]).toEqual([5, true])
  }
  isAhead(await tell(), HOUR_MS)
  await clock.leap(child.pid!, -HOUR_MS)
  isAhead(await tell(), -HOUR_MS)
})
