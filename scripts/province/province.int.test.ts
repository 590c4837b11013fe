import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../lib/run.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import type { ProvinceReport } from './province-report.ts'

const redisServer = process.env.REDIS_SERVER || '/usr/bin/redis-server'
const isBuilt = existsSync(path.join(root, 'web/.next/BUILD_ID'))
if (!isBuilt) console.log('skipped: the portal is not built (npm run setup)')

/** Runs the tool as people do. */
async function province(args: string[]): Promise<{ code: number | null; out: string; said: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'province.ts'), '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, said] = ['', '']
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (said += chunk))
  return { code: await new Promise(resolve => child.once('close', resolve)), out, said }
}

it.skipIf(!existsSync(redisServer) || !existsSync('/proc/net/tcp') || !isBuilt)(
  'a small province meets through the whole product, a node is killed, and nothing is lost',
  async context => {
    try {
      await ensureRtcClients({ root, log: line => console.log(line), allowApt: false })
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      return context.skip(error.message)
    }
    const size = ['--nodes', '2', '--halls', '3', '--delegates', '4', '--sdk', '1']
    const { code, out, said } = await province([
      ...size,
      '--minutes',
      '0.15',
      '--kill-at',
      '0.08',
      '--no-film',
    ])
    expect(out, said.slice(-6_000)).not.toBe('')
    const report = JSON.parse(out) as ProvinceReport
    expect(report.lost, said.slice(-6_000)).toEqual([])
    expect(code).toBe(0)
    // Everybody came, by the portal and into the room; the delegates through the lobby.
    expect([report.joins.admittedMs?.count, report.joins.enteredMs?.count]).toEqual([7, 7])
    expect(report.joins.firstPictureMs?.count).toBe(4)
    expect(report.before.packets).toBeGreaterThan(100)
    expect(report.after!.packets).toBeGreaterThan(100)
    // The node that serves most of seven on two: or the kill hit nobody.
    expect(report.kill!.hit).toBeGreaterThanOrEqual(4)
    expect(report.kill!.ofHitMs!.count).toBeGreaterThanOrEqual(3)
    expect(report.kill!.ofHitMs!.worst).toBeGreaterThan(0)
    expect(report.kill!.backMs!.count).toBe(report.kill!.hit)
    expect(report.attendance).toMatchObject({ halls: 3, right: 3 })
    expect(report.attendance.connections).toBeGreaterThanOrEqual(7 + report.kill!.hit)
    expect(report.floor.hands.acked).toBeGreaterThan(0)
    for (const part of ['node-1', 'portal', 'load tool, media', 'load tool, signalling'])
      expect(report.load.percent[part], part).toBeGreaterThan(0)
  },
  900_000,
)
