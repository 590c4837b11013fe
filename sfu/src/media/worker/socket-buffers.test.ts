import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Logger } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { warnOfSmallBuffers } from './socket-buffers.ts'

let directory: string
const warnings: object[] = []
const logger = { warn: (facts: object) => warnings.push(facts) } as unknown as Logger

beforeEach(async () => {
  warnings.length = 0
  directory = await mkdtemp(path.join(tmpdir(), 'buffers-'))
})
afterEach(() => rm(directory, { recursive: true }))

const limits = async (receive: number, send: number) => {
  await writeFile(path.join(directory, 'rmem_max'), `${receive}\n`)
  await writeFile(path.join(directory, 'wmem_max'), `${send}\n`)
  await warnOfSmallBuffers(logger, directory)
}

it('warns when the system gives less than is asked for either way, and tells both', async () => {
  await limits(212_992, 8_388_608)
  await limits(8_388_608, 212_992)
  expect(warnings).toEqual([
    { receiveBytes: 212_992, sendBytes: 8_388_608, wantedBytes: 4_194_304 },
    { receiveBytes: 8_388_608, sendBytes: 212_992, wantedBytes: 4_194_304 },
  ])
})

it('says nothing when it is enough, or when the system tells of no limit', async () => {
  await limits(4_194_304, 4_194_304)
  await warnOfSmallBuffers(logger, path.join(directory, 'none'))
  expect(warnings).toEqual([])
})
