/**
 * Applies migrations and finds drift with Prisma's own schema engine, compiled to WebAssembly: the same history
 * table and checksums as the CLI, without the engine binary the CLI downloads.
 *
 *   node src/migrate.ts                apply what is missing
 *   node src/migrate.ts diff           exit 2 and print the SQL when schema/ and migrations/ differ
 *   node src/migrate.ts diff NAME      write that SQL to migrations/<time>_NAME/migration.sql
 *
 * MIGRATION_DATABASE_URL (or DATABASE_URL, where one role does both) names the database; `diff` only makes and drops a
 * scratch database on the same server. After `apply` the role of DATABASE_URL has what the processes need, no more.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRedactor } from '@diemcau/core/log/redact.ts'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg'
import { ensureAppRole } from './app-role.ts'
import { loadSecrets, readDatabaseConfig } from './config.ts'
import { migrationAdapterFactory, scratchAdapterFactory } from './migration-adapter.ts'

const root = join(import.meta.dirname, '..')
const filters = { externalTables: [], externalEnums: [] }
const isMissing = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'ENOENT'

/** Schema files as the engine wants them. */
async function readSchema(): Promise<{ path: string; content: string }[]> {
  const dir = join(root, 'schema')
  const names = (await readdir(dir)).filter(n => n.endsWith('.prisma')).sort()
  return await Promise.all(
    names.map(async n => ({ path: join(dir, n), content: await readFile(join(dir, n), 'utf8') })),
  )
}

async function readMigrations() {
  const baseDir = join(root, 'migrations')
  const entries = await readdir(baseDir, { withFileTypes: true }).catch(error => {
    if (isMissing(error)) return []
    throw error
  })
  const names = entries
    .filter(e => e.isDirectory())
    .map(e => e.name)
    .sort()
  return {
    baseDir,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    migrationDirectories: await Promise.all(
      names.map(async name => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(baseDir, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  }
}

type Bindings = typeof import('@prisma/schema-engine-wasm/schema_engine_bg')
let loading: Promise<Bindings> | undefined

/**
 * The package is made for bundlers, so that its wasm file is instantiated by hand here: once per process, because its
 * bindings know one instance only.
 */
async function loadEngine(): Promise<Bindings> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const wasm = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, {
    './schema_engine_bg.js': bindings as unknown as WebAssembly.ModuleImports,
  })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start as () => void
  start()
  return bindings
}

async function startEngine(factory: SqlMigrationAwareDriverAdapterFactory): Promise<SchemaEngine> {
  loading ??= loadEngine()
  const bindings = await loading
  const datamodels = (await readSchema()).map(f => [f.path, f.content])
  return await bindings.SchemaEngine.new(
    { datamodels } as never,
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
}

/** Applies what is missing, in order, and returns the names; safe when two processes do it at once. */
export async function applyMigrations(databaseUrl: string): Promise<string[]> {
  const factory = migrationAdapterFactory(databaseUrl)
  const engine = await startEngine(factory)
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: (await readMigrations()) as never,
      filters,
    })
    return appliedMigrationNames
  } finally {
    engine.free()
    await factory.close()
  }
}

/** SQL that leads from the migrations to the schema, or null when they agree. */
export async function diffMigrations(serverUrl: string): Promise<string | null> {
  const factory = scratchAdapterFactory(serverUrl)
  const engine = await startEngine(factory)
  try {
    const result = await engine.diff({
      from: { tag: 'migrations', ...(await readMigrations()) } as never,
      to: { tag: 'schemaDatamodel', files: await readSchema() } as never,
      script: true,
      exitCode: true,
      shadowDatabaseUrl: null,
      filters,
    } as never)
    return result.exitCode === 0 ? null : (result.stdout ?? '')
  } finally {
    engine.free()
    await factory.close()
  }
}

async function main(args: string[]): Promise<number> {
  const { databaseUrl, ownerUrl } = readDatabaseConfig()
  const [command = 'apply', name] = args
  if (command === 'apply') {
    const applied = await applyMigrations(ownerUrl)
    await ensureAppRole(ownerUrl, databaseUrl)
    console.log(applied.length ? `Applied: ${applied.join(', ')}` : 'The database is up to date.')
    return 0
  }
  if (command !== 'diff') {
    console.error('usage: node src/migrate.ts [apply | diff [NAME]]')
    return 2
  }
  const sql = await diffMigrations(ownerUrl)
  if (sql === null) {
    console.log('Schema and migrations agree.')
    return 0
  }
  if (!name) {
    console.log(sql)
    return 2
  }
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const dir = join(root, 'migrations', `${stamp}_${name}`)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'migration.sql'), sql)
  console.log(`Written: ${dir}/migration.sql`)
  return 0
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const code = await main(process.argv.slice(2)).catch(error => {
    const redact = createRedactor(loadSecrets())
    console.error(redact(error instanceof Error ? error.message : JSON.stringify(error)))
    return 1
  })
  // The engine's time limit for its advisory lock (10 s) would keep the process waiting after all is done.
  process.exit(code)
}
