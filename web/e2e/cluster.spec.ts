/** `npm run cluster` as it is started: what it prints, what is started again, and that nothing is left. The real supervisor, no browser. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from '@playwright/test'
import { eventually } from './support/eventually.ts'
import { type Stack, startStack } from './support/stack.ts'

test.skip(!existsSync(process.env.REDIS_SERVER || '/usr/bin/redis-server'), 'there is no redis-server')

/** The last line each node printed of itself. */
function nodes(stack: Stack): Record<string, { url: string; pid: number; times: number }> {
  const found: Record<string, { url: string; pid: number; times: number }> = {}
  for (const [, number = '', url = '', pid] of stack
    .output()
    .matchAll(/^node (\d+) (ws:\/\/127\.0\.0\.1:\d+) pid (\d+)$/gm))
    found[number] = { url, pid: Number(pid), times: (found[number]?.times ?? 0) + 1 }
  return found
}

const statusOf = async (url: string): Promise<number> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3000) })).status
  } catch {
    // Nobody answers.
    return 0
  }
}

/** Every process whose environment names the data folder: all that the cluster started. */
function processesOf(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`DATA_DIR=${dataDir}`)
      } catch {
        // It ended, or is somebody else's.
        return false
      }
    })
    .map(Number)
}

const isFree = (port: number) =>
  new Promise<boolean>(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

test('a cluster starts in one command, starts again what is killed, and leaves nothing', async () => {
  const stack = await startStack({ SFU_WORKERS: '1' }, undefined, ['--cluster'])
  let ports: number[] = []
  try {
    await eventually(() => (/^Cluster is ready$/m.test(stack.output()) ? '' : 'it is not ready'), 10_000)
    const first = nodes(stack)
    expect(Object.keys(first)).toEqual(['1', '2', '3'])
    ports = [stack.sfuUrl, ...Object.values(first).map(({ url }) => url)].map(url =>
      Number(new URL(url).port),
    )
    expect(new Set(ports).size).toBe(4)
    for (const port of ports) expect(await statusOf(`http://127.0.0.1:${port}/readyz`)).toBe(200)
    for (const [number, { pid }] of Object.entries(first)) expect(stack.pidOf(`node-${number}`)).toBe(pid)

    // While a node is away the one address leads to the others, without one refusal.
    const refused: number[] = []
    let isAsking = true
    const asking = (async () => {
      while (isAsking) {
        const status = await statusOf(`${stack.sfuUrl}/readyz`)
        if (status !== 200) refused.push(status)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    })()
    process.kill(first['2']!.pid, 'SIGKILL')
    await eventually(() => (nodes(stack)['2']!.times === 2 ? '' : 'node 2 has not come back'), 30_000)
    isAsking = false
    await asking
    // What was on its way to the killed node when it died is lost: with questions one after the other that is one at most.
    expect(refused.length).toBeLessThanOrEqual(1)
    const again = nodes(stack)
    expect(again['2']!.url).toBe(first['2']!.url)
    expect(again['2']!.pid).not.toBe(first['2']!.pid)
    expect(again['1']).toEqual(first['1'])

    for (const service of ['redis', 'postgres', 'recordings', 'portal']) {
      const before = stack.pidOf(service)!
      process.kill(before, 'SIGKILL')
      await eventually(() => {
        const now = stack.pidOf(service)
        return now !== undefined && now !== before ? '' : `${service} has not come back`
      }, 30_000)
    }
    await eventually(
      async () => ((await statusOf(`${stack.baseUrl}/healthz`)) === 200 ? '' : 'the portal is not well'),
      30_000,
    )
    expect(processesOf(stack.dataDir).length).toBeGreaterThanOrEqual(6)
  } finally {
    await stack.close()
  }
  expect(processesOf(stack.dataDir)).toEqual([])
  for (const port of ports) expect(await isFree(port)).toBe(true)
})
