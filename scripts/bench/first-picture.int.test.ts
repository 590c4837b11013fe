import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { noRedisServer } from '../../testing/redis-server.ts'
import { type FirstPictureReport, PLACES, SINCE } from './measure-first-picture.ts'

const run = promisify(execFile)
const tool = fileURLToPath(new URL('first-picture.ts', import.meta.url))

it.skipIf(noRedisServer)(
  'sees a first picture in every place, and tells the times and its own cost',
  async () => {
    // How long it takes is no matter of this test: 1 says "later than promised".
    const { stdout } = await run(process.execPath, [tool, '--rounds', '1', '--json'], {
      timeout: 110_000,
    }).catch(error => {
      if (error.code !== 1) throw error
      return error as { stdout: string }
    })
    const report = JSON.parse(stdout) as FirstPictureReport
    const places = Object.keys(SINCE).flatMap(since => Object.keys(PLACES).map(place => `${since} ${place}`))
    expect(report.waits.map(({ since, place }) => `${since} ${place}`)).toEqual(places)
    for (const { since, connectMs, pictureMs } of report.waits) {
      expect(connectMs).toBeGreaterThan(0)
      // Who subscribes as it comes in waits for its connection first.
      expect(pictureMs).toBeGreaterThan(since === 'join' ? 0.5 * connectMs : 0)
    }
    expect(report.generatorCpuPercent).toBeGreaterThan(0)
  },
)
