/** The script by which media workers are started, before real processes in the worker's place. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { BOUND_WORKER, boundWorker } from './bound-worker.ts'

const canBind = spawnSync('/bin/sh', ['-c', 'setpriv --pdeathsig KILL -- true']).status === 0
/** Holds the pipes of what it starts, as a media server does, and tells its process id. */
const PARENT = `
  const { spawn } = require('node:child_process')
  const child = spawn(process.argv[1], ['600'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
  console.log(child.pid)
`

/** Empty of a process that is gone, or dead and not waited for. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

it.skipIf(!canBind)(
  'a worker is killed with the process that started it, and is started without one in between',
  async () => {
    // Unlike a media worker it does not look at its pipes, and would go on.
    const env = { ...process.env, MEDIASOUP_WORKER_BIN: '/bin/sleep' }
    const parent = spawn(process.execPath, ['-e', PARENT, BOUND_WORKER], { env })
    let pid = 0
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      pid = Number(line.toString())
      await eventually(() => (commandOf(pid) === '/bin/sleep 600' ? null : commandOf(pid)))
      parent.kill('SIGKILL')
      await eventually(() => (commandOf(pid) === '' ? null : commandOf(pid)))
    } finally {
      parent.kill('SIGKILL')
      if (pid > 0 && commandOf(pid) !== '') process.kill(pid, 'SIGKILL')
    }
  },
)

it('is started all the same where nothing can bind it', () => {
  const env = { PATH: '/nonexistent', MEDIASOUP_WORKER_BIN: '/bin/echo' }
  const { stdout, status } = spawnSync(BOUND_WORKER, ['--logLevel=warn', 'a b'], { env, encoding: 'utf8' })
  expect([stdout, status]).toEqual(['--logLevel=warn a b\n', 0])
})

it('leaves the worker that mediasoup brings to mediasoup', () => {
  expect(boundWorker(undefined)).toBeUndefined()
  expect(boundWorker('/opt/worker')).toBe(process.platform === 'linux' ? BOUND_WORKER : '/opt/worker')
})
