/**
 * `npm start`, first half: valid on Node 20 with nothing installed. Sets everything up, then hands over to the
 * supervisor on the pinned Node 24.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { runMain } from './lib/log.mjs'
import { root, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'

if (process.argv.includes('--help')) {
  console.log(
    'npm start: sets everything up and runs portal, media server and recordings. Settings: .env.example',
  )
} else {
  await runMain(async () => {
    const file = path.join(root, '.env')
    if (existsSync(file)) process.loadEnvFile(file)
    const variables = await setUp()
    const child = spawn('node', ['scripts/supervisor/main.ts'], {
      cwd: root,
      env: toolEnv(variables),
      stdio: 'inherit',
    })
    // The supervisor decides when it is over. Hearing Ctrl-C twice (from the terminal and from here) does it no harm.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    process.exitCode = await new Promise(resolve => child.once('close', code => resolve(code ?? 1)))
  })
}
