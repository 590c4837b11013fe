/**
 * `npm run soak`, `fuzz`, `chaos`, `province`, `load` and the benches: sets up what the tool needs, also on a fresh clone, then runs it with the pinned Node and the
 * arguments given. Standard output is the tool's alone, so that `--json` can be read by a program; set-up speaks on standard error.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { runMain, SetupError } from './lib/log.mjs'
import { root, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'

/** `browsers`: it needs Chromium too; `redis`: a Redis server. */
const tools = {
  chaos: { script: 'scripts/chaos/chaos.ts', browsers: false, redis: true },
  bench: { script: 'scripts/bench/bench.ts', browsers: false, redis: true },
  'bench:join': { script: 'scripts/bench/join.ts', browsers: true },
  'bench:first-picture': { script: 'scripts/bench/first-picture.ts', browsers: false, redis: true },
  'bench:steady': { script: 'scripts/bench/steady.ts', browsers: false },
  'bench:storm': { script: 'scripts/bench/storm.ts', browsers: false },
  fuzz: { script: 'scripts/fuzz/fuzz.ts', browsers: false },
  province: { script: 'scripts/province/province.ts', browsers: false, redis: true },
  load: { script: 'scripts/load/viewers.ts', browsers: false },
  soak: { script: 'scripts/soak/soak.ts', browsers: false },
}

/** `npm run chaos -- --rounds 100` kills processes of the whole product, as chaos.ts reads it; a province meets in it. */
const needsPortal = (name, args) => {
  if (name === 'province') return true
  const has = option => args.some(arg => arg === option || arg.startsWith(`${option}=`))
  return name === 'chaos' && (has('--kills') || has('--kill') || (has('--rounds') && !has('--fault')))
}

await runMain(async () => {
  console.log = console.error
  const [name = '', ...args] = process.argv.slice(2)
  if (!Object.hasOwn(tools, name))
    throw new SetupError(`node scripts/tool.mjs ${Object.keys(tools).join('|')} [options]`)
  const { script, browsers, redis = false } = tools[name]
  let variables
  try {
    variables = await setUp({ build: needsPortal(name, args), tests: browsers, redis })
  } catch (error) {
    if (error instanceof SetupError) console.error(error.message)
    else console.error(error)
    // As the tools have it: 1 is a finding, 2 that it could not be run.
    process.exitCode = 2
    return
  }
  const child = spawn('node', [path.join(root, script), ...args], {
    stdio: 'inherit',
    env: toolEnv(variables),
    shell: process.platform === 'win32',
    detached: process.platform !== 'win32',
  })
  // A group of its own: with the tool ends what it started, such as a media server.
  const end = signal => (process.platform === 'win32' ? child.kill(signal) : process.kill(-child.pid, signal))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => end(signal))
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 2))
  })
})
