import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { EgressClient, TwirpError } from 'livekit-server-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'

/** The process as its operator meets it. */

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts')
let running: RunningSfu | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

function runMain(
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [MAIN], { env: { ...process.env, NODE_ENV: 'test', ...env } })
    let stderr = ''
    let stdout = ''
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.on('exit', code => resolve({ code, stderr, stdout }))
  })
}

describe('the SFU process', () => {
  it('ends with 78 and names every fault of its configuration', async () => {
    const { code, stderr } = await runMain({
      NODE_ENV: 'production',
      LIVEKIT_API_KEY: 'devkey',
      LIVEKIT_API_SECRET: 'secret',
      SFU_WORKERS: 'many',
      WEBHOOK_URLS: 'nowhere',
    })
    expect(code).toBe(78)
    const lines = stderr.trim().split('\n').sort()
    expect(lines).toEqual([
      expect.stringContaining('LIVEKIT_API_KEY: the development key is refused'),
      expect.stringContaining('LIVEKIT_API_SECRET: the development value is refused'),
      expect.stringContaining('SFU_WORKERS'),
      expect.stringContaining('WEBHOOK_URLS'),
    ])
    expect(stderr).not.toContain('nowhere')
  })

  it('says in one line that its port is in use, and leaves the running node’s journals alone', async () => {
    const sfu = await startSfu({ workers: 1 })
    running = sfu
    await sfu.roomService().createRoom({ name: 'MT_1' })
    await sfu.webhooks.waitFor(({ event }) => event === 'room_started')
    const { code, stderr } = await runMain({
      SFU_PORT: new URL(sfu.url).port,
      SFU_BIND: '127.0.0.1',
      SFU_WORKERS: '1',
      DATA_DIR: sfu.dataDir,
      WEBHOOK_URLS: sfu.webhooks.url,
    })
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(`port ${new URL(sfu.url).port}`)])
    expect((await sfu.roomService().listRooms()).length).toBe(1)
    expect(sfu.webhooks.names()).toEqual(['room_started'])
  })

  it('says in one line that its data folder or its media worker cannot be used', async () => {
    const sfu = await startSfu({ workers: 1 })
    running = sfu
    await sfu.end()
    const env = {
      SFU_PORT: new URL(sfu.url).port,
      SFU_MEDIA_PORT: String(Number(new URL(sfu.url).port) + 1),
      SFU_BIND: '127.0.0.1',
      SFU_WORKERS: '1',
    }
    const file = path.join(sfu.dataDir, 'a-file')
    await writeFile(file, '')
    const noFolder = await runMain({ ...env, DATA_DIR: file })
    expect([noFolder.code, noFolder.stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringContaining('DATA_DIR')],
    ])
    const noWorker = await runMain({ ...env, DATA_DIR: sfu.dataDir, MEDIASOUP_WORKER_BIN: '/nonexistent' })
    expect([noWorker.code, noWorker.stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringContaining('SFU_MEDIA_PORT')],
    ])
  })

  it('hands the Egress API on to recordings, and says unavailable when there is none', async () => {
    const seen: string[] = []
    const recordings = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization?.slice(0, 7)}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[{"egress_id":"EG_1"}]}')
    })
    await new Promise<void>(resolve => recordings.listen(0, '127.0.0.1', resolve))
    try {
      const sfu = await startSfu({
        workers: 1,
        recordingsUrl: `http://127.0.0.1:${(recordings.address() as AddressInfo).port}`,
      })
      running = sfu
      const egress = new EgressClient(sfu.url, sfu.apiKey, sfu.apiSecret)
      expect((await egress.listEgress())[0]?.egressId).toBe('EG_1')
      expect(seen).toEqual(['POST /twirp/livekit.Egress/ListEgress Bearer '])
      await new Promise(resolve => recordings.close(resolve).closeAllConnections())
      const error: unknown = await egress.listEgress().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TwirpError)
      expect((error as TwirpError).code).toBe('unavailable')
    } finally {
      recordings.closeAllConnections()
      recordings.close()
    }
  })
})
