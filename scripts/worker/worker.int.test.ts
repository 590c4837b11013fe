import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { ensurePackages } from './debian.mjs'
import { ensureWorker } from './ensure-worker.mjs'
import { failureMarker } from './prebuilt.mjs'
import { proveWorker } from './proof.mjs'
import { ensureRtcClients, RtcClients } from './rtc-clients.mjs'
import { run, SetupError, withLock } from './run.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const log = (line: string) => console.log(line)

/** Skips, saying why, on a machine that has the official worker and no compiler. */
async function rtcClients(context: TestContext): Promise<string> {
  try {
    return await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(`skipped: ${error.message}`)
    return context.skip(error.message)
  }
}

describe('the mediasoup worker in use', () => {
  it('shakes hands over DTLS in both roles and forwards SRTP of every profile unharmed', async context => {
    await rtcClients(context)
    const workerBin = await ensureWorker({ root, log, allowApt: false })
    const proof = await proveWorker(workerBin, { root, log })
    expect(proof.reason).toBeUndefined()
    expect(proof.passed).toBe(true)
    expect(proof.cases.map(({ profile, workerDtlsRole }) => `${profile} ${workerDtlsRole}`)).toEqual([
      'SRTP_AEAD_AES_256_GCM server',
      'SRTP_AEAD_AES_128_GCM server',
      'SRTP_AES128_CM_SHA1_80 server',
      'SRTP_AES128_CM_SHA1_80 client',
    ])
    for (const { received } of proof.cases) {
      expect(received.opus?.intact).toBeGreaterThanOrEqual(20)
      expect(received.vp8?.intact).toBeGreaterThanOrEqual(60)
    }
  })

  it('is not taken to be proved when it is something else', async context => {
    await rtcClients(context)
    const proof = await proveWorker('/bin/false', { root, log })
    expect(proof.passed).toBe(false)
    expect(proof.reason).toMatch(/SRTP_AEAD_AES_256_GCM/)
    expect(proof.cases).toHaveLength(1)
  })

  it('is found within 100 ms on a second start', async () => {
    const durations: number[] = []
    // The best of several, because the machine may be busy with something else.
    for (let i = 0; i < 6; i++) {
      const started = performance.now()
      await ensureWorker({ root, log, allowApt: false })
      durations.push(performance.now() - started)
    }
    expect(Math.min(...durations.slice(1))).toBeLessThan(100)
  })
})

describe('the media clients', () => {
  it('name the reason when nobody answers, and close twice without harm', async context => {
    const clients = await RtcClients.create(await rtcClients(context))
    const remote = { ip: '127.0.0.1', port: 9, ufrag: 'u', password: 'p', fingerprint: 'AA' }
    const opened = clients.open(1, remote)
    opened.catch(() => {})
    const unknown = clients.open(2, { ...remote, ip: 'nowhere' })
    await expect(unknown).rejects.toThrow('the socket could not be opened')
    await clients.close()
    await clients.close()
    await expect(opened).rejects.toThrow('the media clients ended')
  })
})

describe('set-up in an empty cache', () => {
  const saved = { ...process.env }
  let cache = ''
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'diemcau-cache-'))
    process.env.XDG_CACHE_HOME = cache
    delete process.env.MEDIASOUP_WORKER_BIN
  })
  afterEach(() => {
    process.env = { ...saved }
    rmSync(cache, { recursive: true, force: true })
  })

  it('refuses a MEDIASOUP_WORKER_BIN that does not exist, in one line', async () => {
    process.env.MEDIASOUP_WORKER_BIN = join(cache, 'absent')
    const failure = await ensureWorker({ root, log, allowApt: false }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SetupError)
    expect((failure as Error).message).toBe(
      `MEDIASOUP_WORKER_BIN is ${join(cache, 'absent')}, which does not exist`,
    )
  })

  it('keeps the memory of a failed download in the cache, by version', () => {
    expect(failureMarker(root)).toMatch(new RegExp(`^${cache}/diemcau/worker/prebuilt-\\d+\\.\\d+\\.\\d+-`))
  })

  it('lets a second set-up wait for the first', async () => {
    const file = join(cache, 'lock')
    const order: string[] = []
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const first = withLock(
      file,
      () => order.push('first waits'),
      async () => {
        order.push('first in')
        await held
        order.push('first out')
      },
    )
    await expect.poll(() => order).toContain('first in')
    const second = withLock(
      file,
      () => {
        order.push('second waits')
        release()
      },
      async () => order.push('second in'),
    )
    await Promise.all([first, second])
    expect(order).toEqual(['first in', 'second waits', 'first out', 'second in'])
  })

  it('names the one command to run when packages are missing and may not be installed', async () => {
    const packages = ['dpkg', 'diemcau-no-such-package']
    const attempt = ensurePackages(packages, { log, allowApt: false, why: 'test' })
    await expect(attempt).rejects.toThrow(
      /^Debian packages are missing that are needed to test\. Run: (sudo sh -c ')?apt-get update && apt-get install -y --no-install-recommends diemcau-no-such-package'?$/,
    )
  })

  it('says in one line what failed and why', async () => {
    const failing = run('sh', ['-c', 'echo start; echo "x.c:1: error: broken" >&2; echo end; exit 3'], {
      what: 'compiling x',
    })
    await expect(failing).rejects.toThrow('compiling x failed (exit code 3): x.c:1: error: broken')
    const full = run('sh', ['-c', 'echo "write: No space left on device"; exit 1'], { what: 'compiling x' })
    await expect(full).rejects.toThrow('compiling x failed: the disk is full')
    await expect(run('diemcau-no-such-program', [])).rejects.toThrow(
      'diemcau-no-such-program is not installed',
    )
  })

  it('ends a program that takes too long, with all that it started', async () => {
    const file = join(cache, 'pid')
    const slow = run('sh', ['-c', `sleep 60 & echo $! > ${file}; wait`], { timeoutMs: 500, what: 'waiting' })
    await expect(slow).rejects.toThrow('waiting took longer than 1 s')
    const pid = Number(readFileSync(file, 'utf8'))
    await expect.poll(() => existsSync(`/proc/${pid}/cwd`)).toBe(false)
  })

  it('prints its help without doing anything', () => {
    for (const script of ['ensure-worker.mjs', 'prove-worker.mjs']) {
      const shown = spawnSync(process.execPath, [join(root, 'scripts/worker', script), '--help'], {
        encoding: 'utf8',
      })
      expect(shown.status).toBe(0)
      expect(shown.stdout).toMatch(/^Usage: node scripts\/worker\//)
    }
  })
})
