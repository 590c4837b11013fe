/**
 * `DATA_DIR/run.json`: which processes belong to the running product. Read by the next start (to clear away what a
 * killed supervisor left behind) and by operators and tests.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SetupError, warn } from '../lib/log.mjs'

export interface RunFile {
  supervisor: number
  /** Process ids by service name: portal, sfu, recordings; in a cluster node-1, node-2, …, redis, too. */
  services: Record<string, number>
}

const fileOf = (dataDir: string) => path.join(dataDir, 'run.json')

/** Replaces the file in one step, so that a reader never sees half of it. */
export function writeRunFile(dataDir: string, content: RunFile): void {
  const file = fileOf(dataDir)
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

export function removeRunFile(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true })
}

/** True when `pid` runs and its command line matches (only the former where there is no /proc). */
function isRunning(pid: number, command: RegExp): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc') || command.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  } catch {
    return false
  }
}

/**
 * Ends what a killed supervisor left running on this data.
 *
 * @throws SetupError when another supervisor is alive on the same data
 */
export function clearLeftovers(dataDir: string): void {
  const file = fileOf(dataDir)
  if (!existsSync(file)) return
  let content: RunFile
  try {
    content = JSON.parse(readFileSync(file, 'utf8')) as RunFile
  } catch {
    removeRunFile(dataDir)
    return
  }
  if (content.supervisor !== process.pid && isRunning(content.supervisor, /supervisor\/main\.ts/)) {
    throw new SetupError(
      `Điểm Cầu already runs on ${dataDir} (pid ${content.supervisor}): stop it, or set DATA_DIR.`,
    )
  }
  for (const [name, pid] of Object.entries(content.services)) {
    if (!isRunning(pid, /main\.ts|redis-server/)) continue
    warn(`${name} (pid ${pid}) was left by an earlier run: ended`)
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It ended between the look and the signal.
    }
  }
  removeRunFile(dataDir)
}
