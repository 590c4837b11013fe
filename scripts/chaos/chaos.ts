/** Command line of the chaos tool: a cluster of its own, people in a room on all nodes, and one fault after the other. */
import './quiet-sdk.ts'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { disposeNativeSdk } from '../../testing/native-peer.ts'
import { SetupError } from '../lib/log.mjs'
import { root } from '../lib/run.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { ChaosCluster, hasProc } from './chaos-cluster.ts'
import { formatChaos, lostOf } from './chaos-report.ts'
import { FAULTS } from './faults.ts'
import { killsCommand, killsHelp } from './kills/kills-command.ts'
import { runChaos } from './run-chaos.ts'

const help = `Usage: npm run chaos -- [options]

Starts Redis and three media servers as one, with six people on the stock native SDK in a room, two on each node, who hum and
send numbered packets, and six native media clients, one of which sends and one only receives on each node. Then one fault after
the other, on one node after the other:

${FAULTS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

For each: how long until people of the nodes hit hear and are heard by the others again; the longest gap among those whose nodes
were not hit, of packets and sound in the SDK, and of media as the kernel dates its packets, with how late a process beside them
was at worst (gaps of the machine are not the servers'); how long until all nodes list the same people; and at the end whether
webhooks told each joining and leaving once. Cuts hold up TCP (links, Redis) without privileges; media between nodes (UDP) is not
cut by them.

${killsHelp}

Exit code: 0 nothing was lost, 1 something was (said in words), 2 it could not be run. Slow is not lost: the table says how slow.

  --rounds N      kills each process so often; with --fault: each fault so often (default 3)
  --fault NAME    only this fault; may be given again; all: every one
  --kills         kills each process three times, or as --rounds says
  --kill NAME     only this kind of process; may be given again
  --nodes N       2 to 5 (default 3)
  --clients N     (default 6; for faults)
  --workers N     media workers of a node (default 1)
  --log FILE      every line of every process, with its time (of kills)
  --verbose       the same on standard error
  --json          print what was measured as JSON
  --help          this text`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    fault: { type: 'string', multiple: true },
    kills: { type: 'boolean', default: false },
    kill: { type: 'string', multiple: true },
    log: { type: 'string' },
    nodes: { type: 'string', default: '3' },
    clients: { type: 'string', default: '6' },
    workers: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const DEFAULT_ROUNDS = 3
/** Rounds of nothing in particular are rounds of killing. */
const isKilling =
  values.kills || values.kill !== undefined || (values.rounds !== undefined && values.fault === undefined)

function number(name: 'rounds' | 'nodes' | 'clients' | 'workers', least: number, most: number): number {
  const value = Number(values[name] ?? DEFAULT_ROUNDS)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new SetupError(`--${name} must be a number from ${least} to ${most}`)
  return value
}

/** Standard output is the report's alone. */
const report = console.log
console.log = console.error

async function main(): Promise<number> {
  if (isKilling && values.fault) throw new SetupError('--fault does not go with --kill and --kills')
  const wanted = values.fault?.includes('all') ? undefined : values.fault
  const unknown = (wanted ?? []).filter(name => !FAULTS.some(fault => fault.name === name))
  if (unknown.length > 0) throw new SetupError(`Unknown fault: ${unknown.join(', ')}; --help lists them`)
  if (!hasProc())
    throw new SetupError('It looks at processes and sockets in /proc, which this system has not.')
  const redisServer = process.env.REDIS_SERVER || '/usr/bin/redis-server'
  if (!existsSync(redisServer)) throw new SetupError(`There is no redis-server at ${redisServer}.`)
  const faults = FAULTS.filter(({ name }) => wanted?.includes(name) ?? true)
  const rounds = number('rounds', 1, 1_000)
  const clients = number('clients', 2, 60)
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
  const say = (line: string) => console.error(`${new Date().toISOString()} ${line}`)
  const print = (line: string) => {
    if (values.verbose) console.error(line)
  }
  if (isKilling)
    return await killsCommand({
      kinds: values.kill ?? [],
      rounds,
      nodes: number('nodes', 2, 5),
      workers: number('workers', 1, 8),
      redisServer,
      logFile: values.log,
      print,
      say,
      signal: ending.signal,
      isJson: values.json,
      report,
    })
  const program = await ensureRtcClients({ root, log: line => console.error(line), allowApt: true })
  const cluster = await ChaosCluster.start({
    nodes: number('nodes', 2, 5),
    workers: number('workers', 1, 8),
    redisServer,
    say,
    print,
  })
  try {
    const result = await runChaos({ cluster, faults, rounds, clients, program, say, signal: ending.signal })
    report(values.json ? JSON.stringify(result, null, 2) : formatChaos(result, faults).join('\n'))
    return lostOf(result).length === 0 ? 0 : 1
  } finally {
    await cluster.close()
    await disposeNativeSdk()
  }
}

if (values.help) report(help)
else {
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error)
    process.exitCode = 2
  }
}
