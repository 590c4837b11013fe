import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { LINK_LIMITS } from '../src/cluster/links/link-limits.ts'
import { readConfig } from '../src/config.ts'
import { defaultLimits } from '../src/room/base/limits.ts'
import { SDP_LIMITS } from '../src/sdp/remote-description.ts'
import { HTTP_LIMITS, openPort } from '../src/server/open-port.ts'

/** docs/limits.md against the code: a default that changes, or a limit without a row, fails here. */

const root = path.resolve(import.meta.dirname, '../..')
const named = (group: string, values: object) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${group}.${name}`, value as number]))
const config = readConfig({})
const inCode: Record<string, number> = {
  ...defaultLimits,
  ...named('HTTP_LIMITS', HTTP_LIMITS),
  ...named('SDP_LIMITS', SDP_LIMITS),
  ...named('LINK_LIMITS', LINK_LIMITS),
  SFU_WORKER_BUDGET: config.workerBudget,
  SFU_WORKER_KEPT_BUDGET: config.admission.workerKeptBudget,
  SFU_EVENT_LOOP_BUDGET_MS: config.admission.eventLoopMs,
  SFU_MEMORY_LEFT_MIB: config.admission.memoryLeftMiB,
  SFU_PEOPLE_BUDGET: config.admission.people,
  SFU_VOICES: config.voices,
  SFU_JOINS_PER_MINUTE: config.joinsPerMinute,
  SFU_CONNECTIONS_PER_ADDRESS: config.connectionsPerAddress,
  SFU_MAX_MESSAGE_BYTES: config.maxMessageBytes,
}

/** Name, default, and the tests. */
const rows = readFileSync(path.join(root, 'docs/limits.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| `'))
  .map(line => line.split('|').map(cell => cell.trim()))
  .map(([, limit = '', value = '', , , test = '']) => ({
    name: /^`([^`]+)`/.exec(limit)?.[1] ?? '',
    value: Number(value),
    tests: [...test.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file = '']) => file),
    isEnforcedByNode: test === '– Node enforces it',
  }))

it('lists every limit once, with the default of the code', () => {
  expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual(inCode)
  expect(rows).toHaveLength(Object.keys(inCode).length)
})

it('names a test for every limit that is ours, and each is there', () => {
  const untested = rows.filter(({ tests, isEnforcedByNode }) => tests.length === 0 && !isEnforcedByNode)
  expect(untested).toEqual([])
  expect(rows.filter(({ isEnforcedByNode }) => isEnforcedByNode).map(({ name }) => name)).toEqual([
    'HTTP_LIMITS.connections',
    'HTTP_LIMITS.requestTimeoutMs',
    'HTTP_LIMITS.keepAliveMs',
  ])
  for (const test of new Set(rows.flatMap(({ tests }) => tests)))
    expect(existsSync(path.join(root, test)), test).toBe(true)
})

it('opens the port with those limits', async () => {
  const server = await openPort(0, '127.0.0.1')
  expect(server.headersTimeout).toBe(HTTP_LIMITS.headersTimeoutMs)
  expect(server.requestTimeout).toBe(HTTP_LIMITS.requestTimeoutMs)
  expect(server.keepAliveTimeout).toBe(HTTP_LIMITS.keepAliveMs)
  expect(server.maxConnections).toBe(HTTP_LIMITS.connections)
  await new Promise(resolve => server.close(resolve))
})

/** The province's network behind one address: all join in the first minute, then a burst of them comes back. */
it('has defaults under which 700 people of one address may join', () => {
  expect(config.joinsPerMinute).toBeGreaterThanOrEqual(700 + 500)
  expect(config.connectionsPerAddress).toBeGreaterThanOrEqual(2 * 700)
  expect(defaultLimits.participantsPerRoom).toBeGreaterThanOrEqual(2 * 700)
})
