/**
 * `npm start`, second half (Node 24): embedded PostgreSQL, migrations, demo data, then portal, sfu and recordings under
 * one supervisor until Ctrl-C. Any of the three that dies is started again.
 */
import { mkdirSync, statfsSync } from 'node:fs'
import { availableParallelism, networkInterfaces } from 'node:os'
import path from 'node:path'
import { done, SetupError, say, since, warn } from '../lib/log.mjs'
import { run, toolEnv } from '../lib/run.mjs'
import { ChildService } from './child-service.ts'
import { readConfig, root, type SupervisorConfig } from './config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { findPortFaults, type WantedPort } from './ports.ts'
import { clearLeftovers, removeRunFile, writeRunFile } from './run-file.ts'

const MIN_FREE_BYTES = 300 * 1024 ** 2
const READY_TIMEOUT_MS = 60_000

function wantedPorts(config: SupervisorConfig): WantedPort[] {
  const workers = config.SFU_WORKERS ?? availableParallelism()
  const tcp = (portNumber: number, host: string, setting: string, purpose: string): WantedPort => {
    return { port: portNumber, protocol: 'tcp', host, setting, purpose }
  }
  const media = Array.from({ length: workers }, (_, index) => config.SFU_MEDIA_PORT + index)
  return [
    tcp(config.PORT, '0.0.0.0', 'PORT', 'portal'),
    tcp(config.SFU_PORT, '0.0.0.0', 'SFU_PORT', 'media server'),
    tcp(config.RECORDINGS_PORT, '127.0.0.1', 'RECORDINGS_PORT', 'recordings'),
    ...media.map(one => tcp(one, '0.0.0.0', 'SFU_MEDIA_PORT', 'media')),
    ...media.map(one => ({ ...tcp(one, '0.0.0.0', 'SFU_MEDIA_PORT', 'media'), protocol: 'udp' as const })),
  ]
}

async function assertPlace(config: SupervisorConfig): Promise<void> {
  mkdirSync(config.DATA_DIR, { recursive: true })
  const { bavail, bsize } = statfsSync(config.DATA_DIR)
  if (bavail * bsize < MIN_FREE_BYTES) {
    throw new SetupError(`Less than 300 MB are free at ${config.DATA_DIR}: free some space or set DATA_DIR.`)
  }
  clearLeftovers(config.DATA_DIR)
  const faults = await findPortFaults(wantedPorts(config))
  if (faults.length > 0) throw new SetupError(faults.join('\n  '))
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(address => address.family === 'IPv4' && !address.internal)
    .map(address => address.address)
}

class Supervisor {
  readonly #config: SupervisorConfig
  readonly #services: ChildService[] = []
  #postgres: EmbeddedPostgres | null = null
  #closing: Promise<void> | null = null

  constructor(config: SupervisorConfig) {
    this.#config = config
  }

  async start(): Promise<void> {
    const started = Date.now()
    const config = this.#config
    await assertPlace(config)
    let databaseUrl = config.DATABASE_URL
    if (!databaseUrl) {
      this.#postgres = await startEmbeddedPostgres({ folder: config.DATA_DIR, port: config.POSTGRES_PORT })
      databaseUrl = this.#postgres.url
      void this.#postgres.exited.then(() => this.#closing ?? this.fail('PostgreSQL ended by itself.'))
      done(`PostgreSQL on 127.0.0.1:${config.POSTGRES_PORT}`)
    }
    const env = toolEnv({ ...process.env, DATABASE_URL: databaseUrl, DATA_DIR: config.DATA_DIR })
    await run('node', ['src/migrate.ts'], {
      cwd: path.join(root, 'prisma'),
      env,
      label: 'Database migrations',
    })
    const isDemo = config.SEED_DEMO ?? (config.NODE_ENV !== 'production' && this.#postgres ? 'yes' : 'no')
    if (isDemo === 'yes')
      await run('node', ['seed/main.ts'], { cwd: path.join(root, 'prisma'), env, label: 'Demo data' })
    this.#launch(env)
    for (const service of this.#services) {
      if (await service.waitUntilHealthy(READY_TIMEOUT_MS)) continue
      if (this.#closing) return
      throw new SetupError(`${service.name} is not ready after 60 s (see its lines above).`)
    }
    this.#greet(isDemo === 'yes', started)
  }

  #launch(env: NodeJS.ProcessEnv): void {
    const { PORT, SFU_PORT, RECORDINGS_PORT } = this.#config
    const describe = (name: string, folder: string, entry: string, healthPort: number) =>
      new ChildService({
        name,
        args: [entry],
        cwd: path.join(root, folder),
        env: {
          LIVEKIT_URL: `http://127.0.0.1:${SFU_PORT}`,
          SFU_URL: `http://127.0.0.1:${SFU_PORT}`,
          RECORDINGS_URL: `http://127.0.0.1:${RECORDINGS_PORT}`,
          WEBHOOK_URLS: `http://127.0.0.1:${PORT}/api/webhooks/livekit`,
          ...env,
        },
        healthUrl: `http://127.0.0.1:${healthPort}/healthz`,
        print: line => console.log(line),
        onStarted: () => this.#record(),
        onFatal: message => this.fail(message),
      })
    this.#services.push(
      describe('sfu', 'sfu', 'src/main.ts', SFU_PORT),
      describe('recordings', 'recordings', 'src/main.ts', RECORDINGS_PORT),
      describe('portal', 'web', 'server/main.ts', PORT),
    )
    for (const service of this.#services) service.start()
  }

  #record(): void {
    const services: Record<string, number> = {}
    for (const service of this.#services) if (service.pid) services[service.name] = service.pid
    writeRunFile(this.#config.DATA_DIR, { supervisor: process.pid, services })
  }

  #greet(isDemo: boolean, started: number): void {
    const { PORT } = this.#config
    const lines = [
      '',
      `  Điểm Cầu is running (ready in ${since(started)}). Ctrl-C stops it.`,
      '',
      `  Portal        http://localhost:${PORT}`,
      ...lanAddresses().map(
        address =>
          `                http://${address}:${PORT}  (cameras need HTTPS there: docs/operations.md)`,
      ),
    ]
    if (isDemo) {
      lines.push(
        `  Open meeting  http://localhost:${PORT}/m/demo-hop-ngay   (guests: code 123456)`,
        `  Watch         http://localhost:${PORT}/w/demo-hop-ngay`,
        '',
        '  Demo accounts, password diemcau-demo-2026:',
        '    admin@demo.local  clerk@demo.local  chair@demo.local  secretary@demo.local',
        '    operator@demo.local  official1@demo.local … official5@demo.local',
      )
    }
    console.log(`${lines.join('\n')}\n`)
  }

  fail(message: string): void {
    if (this.#closing) return
    warn(message)
    process.exitCode = 1
    void this.close('a part failed')
  }

  /** Stops all in order: portal first, the database last. Idempotent. */
  close(reason: string): Promise<void> {
    this.#closing ??= (async () => {
      say(`Stopping (${reason})`)
      await Promise.all(this.#services.map(service => service.close()))
      await this.#postgres?.close()
      removeRunFile(this.#config.DATA_DIR)
      done('Stopped')
    })()
    return this.#closing
  }
}

const supervisor = new Supervisor(
  (() => {
    try {
      return readConfig()
    } catch (error) {
      console.error(error instanceof SetupError ? error.message : error)
      process.exit(78)
    }
  })(),
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    void supervisor.close(signal).then(() => process.exit())
  })
}
try {
  await supervisor.start()
} catch (error) {
  console.error(error instanceof SetupError ? `✗ ${error.message}` : error)
  process.exitCode = 1
  await supervisor.close('start failed')
}
