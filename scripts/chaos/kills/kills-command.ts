/** `npm run chaos -- --kills`: the options that are its own, from start to exit code. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { disposeNativeSdk } from '../../../testing/native-peer.ts'
import { SetupError } from '../../lib/log.mjs'
import { root } from '../../lib/run.mjs'
import { formatKills, lostOf } from './kills-report.ts'
import { KINDS } from './kinds.ts'
import { Product } from './product.ts'
import { runKills } from './run-kills.ts'

export const killsHelp = `With --rounds N (without --fault), --kills or --kill it starts the whole product instead, as npm run cluster does (nodes, Redis, PostgreSQL, recordings, portal, the one
address before the nodes) with a data folder and ports of its own, and holds the demo's open meeting in it: the chair and an official
for each other node on the floor and in the room, a guest on the floor. They write numbered messages, raise and lower hands and
change settings without a pause, and a recording goes on. In each round every kind of process is killed (kill -9) once, the next when
the one before is back, a command was acknowledged and everybody hears everybody:

${KINDS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

For each: how long until it is back, until a command is acknowledged, how long people did not hear each other. Every ten rounds and
at the end what was acknowledged is compared with what is there: messages, hands, settings, attendance, the recording's files.`

export interface KillsOptions {
  /** Names of kinds; empty: all. */
  kinds: readonly string[]
  rounds: number
  nodes: number
  workers: number
  redisServer: string
  logFile: string | undefined
  print: (line: string) => void
  say: (line: string) => void
  signal: AbortSignal
  isJson: boolean
  report: (text: string) => void
}

/** @returns the exit code @throws SetupError when it cannot be run */
export async function killsCommand(options: KillsOptions): Promise<number> {
  const unknown = options.kinds.filter(name => !KINDS.some(kind => kind.name === name))
  if (unknown.length > 0) throw new SetupError(`Unknown process: ${unknown.join(', ')}; --help lists them`)
  if (!existsSync(path.join(root, 'web/.next/BUILD_ID')))
    throw new SetupError('The portal is not built: npm run chaos does it before it kills.')
  const kinds = KINDS.filter(({ name }) => options.kinds.length === 0 || options.kinds.includes(name))
  const product = await Product.start(options)
  try {
    const result = await runKills({
      ...options,
      product,
      kinds,
      ffprobe: process.env.FFPROBE_PATH || 'ffprobe',
    })
    options.report(options.isJson ? JSON.stringify(result, null, 2) : formatKills(result, kinds).join('\n'))
    return lostOf(result).length === 0 ? 0 : 1
  } finally {
    await product.close()
    await disposeNativeSdk()
  }
}
