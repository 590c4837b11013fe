import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { ChaosReport } from './run-chaos.ts'

const redisServer = process.env.REDIS_SERVER || '/usr/bin/redis-server'

/** Runs the tool as people do. */
async function chaos(args: string[]): Promise<{ code: number | null; report: ChaosReport; said: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'chaos.ts'), '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, said] = ['', '']
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (said += chunk))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  expect(out, said.slice(-4_000)).not.toBe('')
  return { code, report: JSON.parse(out) as ChaosReport, said }
}

it.skipIf(!existsSync(redisServer) || !existsSync('/proc/net/tcp'))(
  'a killed node of three costs its people seconds, and nobody anything that was acknowledged',
  async () => {
    const { code, report, said } = await chaos(['--rounds', '1', '--clients', '3', '--fault', 'kill'])
    const { rounds, webhooks } = report
    expect(rounds).toHaveLength(1)
    const { backMs, othersTicksMs, othersMedia, lost } = rounds[0]!
    // One person on the node that was hit; the two others hear each other both ways.
    expect([backMs.length, othersTicksMs.length]).toEqual([1, 2])
    // Of each of two nodes one sends sound and a picture: the other node's two clients and its own second one get them.
    expect(othersMedia).toHaveLength(12)
    expect(Math.min(...othersMedia.map(({ ms }) => ms))).toBeGreaterThan(0)
    // It cannot have been heard while its node was gone: or the fault hit nobody.
    expect(backMs[0]).toBeGreaterThan(300)
    expect(lost, said.slice(-4_000)).toEqual([])
    expect(webhooks.faults).toEqual([])
    // Each of three joined and left, one of them twice, in a room that began and ended; tracks beside that.
    expect(webhooks.events).toBeGreaterThanOrEqual(10)
    expect(code).toBe(0)
  },
)
