import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../lib/run.mjs'
import { KINDS } from './kinds.ts'
import type { KillsReport } from './run-kills.ts'

const redisServer = process.env.REDIS_SERVER || '/usr/bin/redis-server'
const isBuilt = existsSync(path.join(root, 'web/.next/BUILD_ID'))
if (!isBuilt) console.log('skipped: the portal is not built (npm run setup)')
/** In the environment of all that this test started. */
const MARK = `DIEMCAU_KILLS_TEST=${process.pid}`

/** Runs the tool as people do. */
async function kills(args: string[]): Promise<{ code: number | null; out: string; said: string }> {
  const [name = '', value = ''] = MARK.split('=')
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../chaos.ts'), '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [name]: value },
  })
  let [out, said] = ['', '']
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (said += chunk))
  return { code: await new Promise(resolve => child.once('close', resolve)), out, said }
}

const leftovers = (): string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(MARK)
    } catch {
      // It ended, or is somebody else's.
      return false
    }
  })

it.skipIf(!existsSync(redisServer) || !existsSync('/proc/net/tcp') || !isBuilt)(
  'every process of the product is killed once in a recorded meeting, and what was acknowledged is there',
  async () => {
    const { code, out, said } = await kills(['--rounds', '1'])
    expect(out, said.slice(-6_000)).not.toBe('')
    const { kills: killed, last, film, comparisons } = JSON.parse(out) as KillsReport
    expect(killed.map(({ kind }) => kind)).toEqual(KINDS.map(({ name }) => name))
    expect(
      killed.flatMap(({ lost }) => lost),
      said.slice(-6_000),
    ).toEqual([])
    expect([...comparisons.flatMap(({ faults }) => faults), ...last.faults]).toEqual([])
    // Or nobody noticed that it was gone, and nothing was killed.
    for (const { kind, backMs } of killed) expect(backMs, kind).toBeGreaterThan(kind === 'worker' ? 0 : 300)
    expect(killed.find(({ kind }) => kind === 'node')!.peopleMs).toHaveLength(1)
    expect(killed.find(({ kind }) => kind === 'node')!.peopleMs[0]).toBeGreaterThan(300)
    // Everybody wrote, raised a hand, and the chair changed settings.
    expect(last.chat.acked).toBeGreaterThan(20)
    expect(Math.min(last.hands.acked, last.settings.acked)).toBeGreaterThan(5)
    // Three came, and the one whose node was killed came again.
    expect(last.presence.connections).toBeGreaterThanOrEqual(4)
    expect(last.recording.share).toBeGreaterThan(0.5)
    expect(film).toHaveProperty('lengthMs')
    expect(code).toBe(0)
    expect(leftovers()).toEqual([])
  },
  // Less than a minute where nothing else runs; six processes start again one after the other.
  900_000,
)
