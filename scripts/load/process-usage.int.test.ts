import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { listenerOf, processFacts, workersOf } from './process-usage.ts'

it('finds the process that listens on a port, and nobody on a port that is closed', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  expect(listenerOf(port)).toBe(process.pid)
  await new Promise(resolve => server.close(resolve))
  expect(listenerOf(port)).toBeUndefined()
})

it('reads the CPU time of a process, and nothing of one that is gone', async () => {
  const child = spawn('sh', ['-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read x'])
  await new Promise(resolve => child.stdout.once('data', resolve))
  const facts = processFacts(child.pid ?? 0)
  expect(facts).toMatchObject({ pid: child.pid, parent: process.pid, name: 'sh' })
  expect(facts?.cpuMs).toBeGreaterThanOrEqual(10)
  expect(workersOf(process.pid)).not.toContain(child.pid)
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.stdin.end()
  await ended
  expect(processFacts(child.pid ?? 0)).toBeUndefined()
})
