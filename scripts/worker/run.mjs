/** Running other programs during set-up: time limits, the last lines on failure, and errors that are one clear line. */
import { spawn } from 'node:child_process'

/** A failure that the person in front of the terminal can act upon: its message is one line and says what to do. */
export class SetupError extends Error {
  name = 'SetupError'
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] the whole environment; default: ours
 * @property {number} [timeoutMs] afterwards the program and its children are killed
 * @property {(line: string) => void} [onLine] each line of its output and error output
 * @property {string} [what] what the program is for, used in the error message
 */

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number | null, output: string, timedOut: boolean }>} the output is its last 64 kB; code is
 *   null when it was killed. Rejects with a SetupError when the program does not exist.
 */
export function tryRun(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    // Its own process group, so that the time limit also reaches the compilers and downloaders that it starts.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    let output = ''
    let rest = ''
    let timedOut = false
    // SIGTERM lets ninja end its compilers, which are in groups of their own.
    const killAll = (/** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
      try {
        if (process.platform === 'win32' || child.pid === undefined) child.kill(signal)
        else process.kill(-child.pid, signal)
      } catch {
        // It ended by itself in the meantime.
      }
    }
    // A group of its own does not get the terminal's Ctrl-C, and must not outlive us.
    const onExit = () => killAll()
    const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
      killAll()
      // Restores the default action unless somebody else listens too and decides for himself.
      if (process.listenerCount(signal) === 1) {
        process.removeListener(signal, onSignal)
        process.kill(process.pid, signal)
      }
    }
    process.on('exit', onExit)
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, onSignal)
    /** @type {NodeJS.Timeout | undefined} */
    let timer
    if (options.timeoutMs)
      timer = setTimeout(() => {
        timedOut = true
        killAll()
        timer = setTimeout(() => killAll('SIGKILL'), 2000)
      }, options.timeoutMs)
    const take = (/** @type {Buffer} */ chunk) => {
      const text = chunk.toString()
      output = (output + text).slice(-65536)
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) options.onLine?.(line)
    }
    const settle = () => {
      clearTimeout(timer)
      process.removeListener('exit', onExit)
      for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
        process.removeListener(signal, onSignal)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', error => {
      settle()
      const missing = /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT'
      reject(
        new SetupError(
          missing ? `${program} is not installed` : `${program} could not be started: ${error.message}`,
        ),
      )
    })
    child.once('close', code => {
      settle()
      resolve({ code, output, timedOut })
    })
  })
}

/**
 * Like tryRun, but rejects with a SetupError of one line when the program fails or runs too long.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} the output
 */
export async function run(program, args, options = {}) {
  const what = options.what ?? program
  const { code, output, timedOut } = await tryRun(program, args, options)
  if (code === 0) return output
  if (timedOut)
    throw new SetupError(`${what} took longer than ${Math.round((options.timeoutMs ?? 0) / 1000)} s`)
  if (/No space left on device/i.test(output)) throw new SetupError(`${what} failed: the disk is full`)
  if (/Killed signal terminated program|virtual memory exhausted/.test(output))
    throw new SetupError(`${what} failed: not enough memory`)
  const lines = output.split('\n').map(line => line.trim())
  const telling = lines.find(line => /(^|\s)(fatal )?error:|^E: /i.test(line)) ?? lines.filter(Boolean).at(-1)
  throw new SetupError(`${what} failed (exit code ${code ?? 'none, killed'}): ${telling ?? 'no output'}`)
}

/**
 * Runs `work` while holding a lock on a file, so that of two set-ups one works and the other waits. The lock is the
 * kernel's (flock), hence it cannot stay behind, whichever way the holder dies.
 *
 * @template T
 * @param {string} file created when absent
 * @param {() => void} onWait called once when another holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, onWait, work) {
  // The holder is a `cat` on a pipe from us: it ends when we close the pipe, or when we are gone.
  const holder = spawn('flock', [file, '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const waiting = setTimeout(onWait, 500)
  try {
    await new Promise((resolve, reject) => {
      holder.once('error', () => reject(new SetupError('flock (Debian package util-linux) is not installed')))
      holder.once('exit', code =>
        reject(new SetupError(`${file} could not be locked (flock ended with ${code})`)),
      )
      holder.stdout.once('data', resolve)
    })
    clearTimeout(waiting)
    return await work()
  } finally {
    clearTimeout(waiting)
    holder.stdin.end()
  }
}
