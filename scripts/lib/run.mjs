/** Child processes for set-up steps: quiet while they succeed, with a sign of life while they take long. */
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SetupError, say, since } from './log.mjs'

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '')

/** The environment for children: the pinned Node and the workspaces' tools come first in PATH; no telemetry anywhere. */
export function toolEnv(extra = {}) {
  const { PATH = '', Path, ...rest } = process.env
  return {
    ...rest,
    PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${PATH || Path || ''}`,
    NEXT_TELEMETRY_DISABLED: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
    ...extra,
  }
}

/**
 * Runs a command to its end. Output is kept and shown only when it fails, unless `show` is set; with
 * `progressTo` it goes to that file, and what the child writes to file descriptor 3 is shown. A line a `everyMs` says that a long step is still going on. Rejects with SetupError naming the command.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, show?: boolean, progressTo?: string, label?: string, everyMs?: number, allowFailure?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  const started = Date.now()
  const label = options.label ?? [command, ...args].join(' ')
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? toolEnv(),
      stdio: stdioOf(options),
      shell: process.platform === 'win32',
    })
    let output = ''
    const keep = chunk => {
      output = (output + chunk).slice(-200_000)
    }
    child.stdio[3]?.pipe(process.stdout, { end: false })
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    const timer = setInterval(
      () => say(`${label}: still working (${since(started)})`),
      options.everyMs ?? 20_000,
    )
    child.on('error', error => {
      clearInterval(timer)
      reject(new SetupError(`${label}: cannot be started (${error.message})`))
    })
    child.on('close', (code, signal) => {
      clearInterval(timer)
      if (code === 0 || options.allowFailure) return resolve({ code: code ?? 1, output })
      const tail = output.trim().split('\n').slice(-25).join('\n')
      reject(new SetupError(`${label} failed (${signal ?? `status ${code}`})${tail ? `:\n${tail}` : ''}`))
    })
  })
}

function stdioOf({ show, progressTo }) {
  if (progressTo === undefined) return show ? 'inherit' : ['ignore', 'pipe', 'pipe']
  const log = openSync(progressTo, 'w')
  return ['ignore', log, log, 'pipe']
}

/** True when `command --version`-like call starts at all. */
export async function exists(command, args = ['-version']) {
  try {
    return (await run(command, args, { allowFailure: true })).code === 0
  } catch {
    return false
  }
}
