/** From a fresh clone to the running product: sets everything up, then hands over to the supervisor on the pinned Node 24. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setUp } from '../setup.mjs'
import { root, toolEnv } from './run.mjs'

/**
 * Sets the exit code when the supervisor has ended.
 *
 * @param {string[]} args for the supervisor
 * @param {{ redis?: boolean }} [options] what has to be set up beyond what one media server needs
 */
export async function runSupervised(args, options = {}) {
  const file = path.join(root, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
  const variables = await setUp({ redis: options.redis && !process.env.REDIS_URL })
  const child = spawn('node', ['scripts/supervisor/main.ts', ...args], {
    cwd: root,
    env: toolEnv(variables),
    stdio: 'inherit',
  })
  // The supervisor decides when it is over. Hearing Ctrl-C twice (from the terminal and from here) does it no harm.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise(resolve => child.once('close', code => resolve(code ?? 1)))
}
