/** Who can reach the product as it is started, and with which secrets: the real supervisor, no browser. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from '@playwright/test'
import { startStack } from './support/stack.ts'

const lanAddress = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(address => address.family === 'IPv4' && !address.internal)?.address

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(3000) })).ok
  } catch {
    // Nobody listens there.
    return false
  }
}

/** Everything below a folder that others than its owner may read; PostgreSQL looks after its own. */
function openToOthers(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .map(entry => path.join(entry.parentPath, entry.name))
    .filter(file => !file.startsWith(path.join(folder, 'postgres', '')))
    .filter(file => (statSync(file).mode & 0o077) !== 0)
}

/** The addresses this process's sockets listen on, as /proc writes them, for the given ports. */
function listening(ports: number[]): string[] {
  const rows = ['tcp', 'udp', 'tcp6', 'udp6'].flatMap(kind =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      // State 0A: listening; 07: a bound UDP socket.
      .filter(columns => columns[3] === '0A' || columns[3] === '07')
      .map(columns => columns[1] ?? ''),
  )
  return rows.filter(row => ports.includes(Number.parseInt(row.split(':')[1] ?? '', 16)))
}

test('npm start serves this machine only, with the known secrets', async () => {
  const stack = await startStack()
  try {
    const first = Number(new URL(stack.baseUrl).port)
    expect(await answers(`http://127.0.0.1:${first}/healthz`)).toBe(true)
    const ports = [0, 1, 2, 3, 4, 5].map(step => first + step)
    const sockets = listening(ports)
    expect(new Set(sockets.map(row => Number.parseInt(row.split(':')[1] ?? '', 16))).size).toBe(ports.length)
    expect(sockets.filter(row => !row.startsWith('0100007F:'))).toEqual([])
    if (lanAddress)
      for (const port of [first, first + 1])
        expect(await answers(`http://${lanAddress}:${port}/healthz`)).toBe(false)
    expect(stack.output()).toContain('diemcau-demo-2026')
    expect(openToOthers(stack.dataDir)).toEqual([])
  } finally {
    await stack.close()
  }
})

test('opened to the network every secret is its own, and the folder does not go into production with the demo', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'diemcau-e2e-open-'))
  try {
    // A demo with the known password is there already.
    const closed = await startStack({}, dataDir)
    await closed.close()

    const opened = await startStack({ LISTEN: 'network' }, dataDir)
    const secrets = JSON.parse(readFileSync(path.join(dataDir, 'secrets.json'), 'utf8')) as Record<
      string,
      string
    >
    try {
      expect(statSync(path.join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600)
      const port = new URL(opened.baseUrl).port
      if (lanAddress) expect(await answers(`http://${lanAddress}:${port}/healthz`)).toBe(true)
      const greeting = opened.output()
      expect(greeting).toContain(secrets.DEMO_PASSWORD)
      expect(greeting).toContain(secrets.DEMO_PASSCODE)
      expect(greeting).not.toContain('diemcau-demo-2026')
      expect(greeting).not.toContain(secrets.AUTH_SECRET)
      expect(greeting).not.toContain(secrets.LIVEKIT_API_SECRET)
    } finally {
      await opened.close()
    }
    // Made once.
    const again = await startStack({ LISTEN: 'network' }, dataDir)
    await again.close()
    expect(JSON.parse(readFileSync(path.join(dataDir, 'secrets.json'), 'utf8'))).toEqual(secrets)

    const production = {
      NODE_ENV: 'production',
      SEED_DEMO: 'no',
      PUBLIC_URL: 'https://hop.example.vn',
      LIVEKIT_API_KEY: 'province',
      LIVEKIT_API_SECRET: '0123456789abcdef0123456789abcdef',
      AUTH_SECRET: 'fedcba9876543210fedcba9876543210',
    }
    const refused = await startStack(production, dataDir).then(
      async stack => {
        await stack.close()
        return 'it started'
      },
      (error: Error) => error.message,
    )
    expect(refused).toContain('Demo accounts are enabled (admin@demo.local')
    expect(refused).toContain('retire-demo')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
