/**
 * `npm run soak`, `fuzz` and `bench:join`: sets up what the tool needs, also on a fresh clone, then runs it with the pinned Node and the
 * arguments given. Standard output is the tool's alone, so that `--json` can be read by a program; set-up speaks on standard error.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { runMain, SetupError } from './lib/log.mjs'
import { root, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'

/** `browsers`: it needs Chromium too. */
const tools = {
  'bench:join': { script: 'scripts/bench/join.ts', browsers: true },
  fuzz: { script: 'scripts/fuzz/fuzz.ts', browsers: false },
  soak: { script: 'scripts/soak/soak.ts', browsers: false },
}

await runMain(async () => {
  console.log = console.error
  const [name = '', ...args] = process.argv.slice(2)
  if (!Object.hasOwn(tools, name))
    throw new SetupError(`node scripts/tool.mjs ${Object.keys(tools).join('|')} [options]`)
  const { script, browsers } = tools[name]
  const variables = await setUp({ build: false, tests: browsers })
  const child = spawn('node', [path.join(root, script), ...args], {
    stdio: 'inherit',
    env: toolEnv(variables),
    shell: process.platform === 'win32',
  })
  // Ctrl-C reaches the tool as well, which has to put away what it started.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 1))
  })
})
