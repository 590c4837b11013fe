import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureWorker } from './ensure-worker.mjs'
import { downloadPrebuilt, failureMarker, prebuiltPath } from './prebuilt.mjs'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const saved = { ...process.env }
let root = ''
let lines: string[] = []
let requests: string[] = []
let server: Server | undefined
const log = (line: string) => lines.push(line)

/** A stand-in for the place that the official workers are downloaded from. */
async function serve(listener: RequestListener): Promise<void> {
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    listener(request, response)
  })
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL = `http://127.0.0.1:${port}`
}

/** A checkout of which only what the download needs exists, and an empty cache. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'diemcau-prebuilt-'))
  lines = []
  requests = []
  const modules = join(checkout, 'node_modules')
  mkdirSync(join(root, 'node_modules', 'mediasoup'), { recursive: true })
  for (const name of ['npm-scripts.mjs', 'package.json'])
    copyFileSync(join(modules, 'mediasoup', name), join(root, 'node_modules', 'mediasoup', name))
  for (const name of ['node-fetch', 'tar'])
    symlinkSync(join(modules, name), join(root, 'node_modules', name), 'dir')
  process.env.XDG_CACHE_HOME = join(root, 'cache')
  delete process.env.MEDIASOUP_WORKER_BIN
  delete process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD
})

afterEach(async () => {
  process.env = { ...saved }
  server?.closeAllConnections()
  await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
  rmSync(root, { recursive: true, force: true })
})

/** A stand-in that ends as a worker does which is not started by mediasoup. */
function archive(script: string): Buffer {
  const made = spawnSync(
    'sh',
    [
      '-c',
      `mkdir t && printf '${script}' > t/mediasoup-worker && chmod +x t/mediasoup-worker && tar -C t -czf - .`,
    ],
    { cwd: root },
  )
  return made.stdout
}

describe('the official worker', () => {
  it('is downloaded, and found again without a second download', async () => {
    const body = archive('#!/bin/sh\\nexit 41\\n')
    await serve((_request, response) => response.end(body))
    const first = await ensureWorker({ root, log, allowApt: false })
    expect(first).toBe(prebuiltPath(root))
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatch(/mediasoup-worker-[\d.]+-\w+-\w+/)
    expect(await ensureWorker({ root, log, allowApt: false })).toBe(first)
    expect(requests).toHaveLength(1)
  })

  it('is not tried again after a failure, and never built with Python and meson', async () => {
    await serve((_request, response) => response.writeHead(404).end())
    expect(await downloadPrebuilt({ root, log })).toBeUndefined()
    expect(lines.at(-1)).toMatch(/^the official mediasoup worker is not available: no available/)
    expect(existsSync(failureMarker(root))).toBe(true)
    expect(existsSync(join(root, 'node_modules/mediasoup/worker/pip_invoke'))).toBe(false)
    const started = performance.now()
    expect(await downloadPrebuilt({ root, log })).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(50)
    expect(requests).toHaveLength(1)
  })

  it('is cut off when nothing arrives', async () => {
    await serve(() => {})
    expect(await downloadPrebuilt({ root, log, limitMs: 1500 })).toBeUndefined()
    expect(lines.at(-1)).toBe('the official mediasoup worker is not available: no answer within 1.5 s')
  })

  it('is thrown away when it does not run here', async () => {
    const body = archive('#!/bin/sh\\nexit 1\\n')
    await serve((_request, response) => response.end(body))
    expect(await downloadPrebuilt({ root, log })).toBeUndefined()
    expect(existsSync(prebuiltPath(root))).toBe(false)
  })

  it('is not asked for when downloads are switched off', async () => {
    await serve((_request, response) => response.writeHead(404).end())
    process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD = '1'
    expect(await downloadPrebuilt({ root, log })).toBeUndefined()
    expect(requests).toEqual([])
    expect(existsSync(dirname(failureMarker(root)))).toBe(false)
  })
})
