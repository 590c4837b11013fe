/** Everything that runs: started in order, started again when it dies, stopped in order. */
import { chmodSync, existsSync, mkdirSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { createRedactor, secretValues } from '@diemcau/core/log/redact.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { done, SetupError, say, warn } from '../lib/log.mjs'
import { run, toolEnv } from '../lib/run.mjs'
import { lanAddresses, reach } from './addresses.ts'
import { answersOk, ChildService } from './child-service.ts'
import { type NodePlan, planNodes } from './cluster-plan.ts'
import { loadSecrets, root, type SupervisorConfig } from './config.ts'
import { greeting } from './greeting.ts'
import { type KeptPostgres, startKeptPostgres } from './kept-postgres.ts'
import { type CommonOptions, MediaCluster, whenHealthy } from './media-cluster.ts'
import { type OwnSecrets, ownSecrets } from './own-secrets.ts'
import { findPortFaults } from './ports.ts'
import { clearLeftovers, removeRunFile, writeRunFile } from './run-file.ts'
import { wantedPorts } from './wanted-ports.ts'

const MIN_FREE_BYTES = 300 * 1024 ** 2
/** A node of a cluster takes a minute at most to lead people away, and some seconds to stop. */
const DRAIN_TIMEOUT_MS = 75_000

async function assertPlace(config: SupervisorConfig, nodes: readonly NodePlan[]): Promise<void> {
  mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 })
  closeFolder(config.DATA_DIR)
  const { bavail, bsize } = statfsSync(config.DATA_DIR)
  if (bavail * bsize < MIN_FREE_BYTES) {
    throw new SetupError(`Less than 300 MB are free at ${config.DATA_DIR}: free some space or set DATA_DIR.`)
  }
  clearLeftovers(config.DATA_DIR)
  const faults = await findPortFaults(wantedPorts(config, nodes))
  if (faults.length > 0) throw new SetupError(faults.join('\n  '))
}

/** What an earlier version left readable for everybody becomes the owner's; what is made from now on is from the start. */
function closeFolder(dataDir: string): void {
  for (const folder of [dataDir, path.join(dataDir, 'recordings'), path.join(dataDir, 'outbox')]) {
    if (!existsSync(folder)) continue
    try {
      chmodSync(folder, 0o700)
    } catch {
      warn(`${folder} belongs to somebody else: see that only the processes' user can read it (chmod 700)`)
    }
  }
}

/** The processes get the address of the database without the role that could change its tables. */
function withoutOwner({ MIGRATION_DATABASE_URL: _, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env
}

export class Supervisor {
  readonly #config: SupervisorConfig
  readonly #nodes: NodePlan[]
  readonly #services: ChildService[] = []
  #cluster: MediaCluster | null = null
  #postgres: KeptPostgres | null = null
  #closing: Promise<void> | null = null

  constructor(config: SupervisorConfig) {
    this.#config = config
    this.#nodes = planNodes(config)
  }

  async start(): Promise<void> {
    const started = Date.now()
    const config = this.#config
    await assertPlace(config, this.#nodes)
    if (this.#nodes.length > 0) this.#cluster = this.#planCluster()
    // Production has secrets of its own, which the processes insist on.
    const secrets = config.NODE_ENV === 'production' ? undefined : ownSecrets(config.DATA_DIR, config.open)
    const env = this.#environment(await this.#database(), secrets)
    await run('node', ['src/migrate.ts'], {
      cwd: path.join(root, 'prisma'),
      env,
      label: 'Database migrations',
    })
    const isDemo = config.SEED_DEMO ?? (config.NODE_ENV !== 'production' && this.#postgres ? 'yes' : 'no')
    await this.#fillDemo(isDemo === 'yes', secrets, withoutOwner(env))
    await this.#launch(withoutOwner(env))
    try {
      await this.#cluster?.whenReady()
      for (const service of this.#services) await whenHealthy(service)
    } catch (error) {
      if (this.#closing) return
      throw error
    }
    console.log(greeting(config, isDemo === 'yes', secrets, started))
    if (this.#cluster) console.log('Cluster is ready')
  }

  /** @throws SetupError */
  #planCluster(): MediaCluster {
    const {
      DATA_DIR,
      REDIS_URL,
      REDIS_PORT,
      REDIS_SERVER,
      CLUSTER_SECRET,
      SFU_PORT,
      SFU_MEDIA_BIND,
      sfuBind,
    } = this.#config
    return new MediaCluster({
      plans: this.#nodes,
      bind: sfuBind,
      port: SFU_PORT,
      mediaBind: SFU_MEDIA_BIND ?? (sfuBind === '::' ? '0.0.0.0,::' : sfuBind),
      dataDir: DATA_DIR,
      redis: REDIS_URL ? { url: REDIS_URL } : { port: REDIS_PORT, binary: REDIS_SERVER },
      secret: CLUSTER_SECRET,
      onNode: line => console.log(line),
    })
  }

  /** The addresses of the database: the given ones, or those of the embedded one, which is then running. */
  async #database(): Promise<{ DATABASE_URL: string; MIGRATION_DATABASE_URL: string }> {
    const { DATABASE_URL, MIGRATION_DATABASE_URL, DATA_DIR, POSTGRES_PORT } = this.#config
    if (DATABASE_URL) return { DATABASE_URL, MIGRATION_DATABASE_URL: MIGRATION_DATABASE_URL ?? DATABASE_URL }
    const postgres = await startKeptPostgres({
      folder: DATA_DIR,
      port: POSTGRES_PORT,
      onStarted: () => this.#record(),
      onFatal: message => this.fail(message),
    })
    this.#postgres = postgres
    done(`PostgreSQL on 127.0.0.1:${POSTGRES_PORT}`)
    return { DATABASE_URL: postgres.url, MIGRATION_DATABASE_URL: postgres.ownerUrl }
  }

  /** Settings that were given go before those made for this data folder. */
  #environment(database: Record<string, string>, secrets: OwnSecrets | undefined): NodeJS.ProcessEnv {
    const { DATA_DIR, LISTEN, PUBLIC_URL, PORT, open, NODE_ENV } = this.#config
    const [address] = lanAddresses()
    const isWithoutAddress = open && NODE_ENV !== 'production' && PUBLIC_URL === undefined
    return toolEnv({
      ...secrets,
      // Links in mails and QR codes must lead here from other machines, too.
      ...(isWithoutAddress && address ? { PUBLIC_URL: `http://${address}:${PORT}` } : {}),
      ...givenSettings(process.env),
      ...database,
      ...(LISTEN ? { LISTEN } : {}),
      DATA_DIR,
    })
  }

  /** Opened to the network no known password may be left, also of a demo that is filled no more. */
  async #fillDemo(isDemo: boolean, secrets: OwnSecrets | undefined, env: NodeJS.ProcessEnv): Promise<void> {
    const cwd = path.join(root, 'prisma')
    if (secrets) await run('node', ['seed/main.ts', 'replace-known'], { cwd, env, label: 'Demo passwords' })
    if (isDemo) await run('node', ['seed/main.ts'], { cwd, env, label: 'Demo data' })
  }

  async #launch(given: NodeJS.ProcessEnv): Promise<void> {
    const { PORT, SFU_PORT, RECORDINGS_PORT, RECORDINGS_BIND, REDIS_URL, bind, sfuBind } = this.#config
    const portal = reach(bind, PORT)
    const sfu = reach(sfuBind, SFU_PORT)
    const recordings = reach(RECORDINGS_BIND, RECORDINGS_PORT)
    const env = {
      LIVEKIT_URL: sfu,
      // A recorder takes one node, and goes on with the next when it is gone.
      SFU_URL: this.#nodes.map(node => `http://127.0.0.1:${node.port}`).join() || sfu,
      RECORDINGS_URL: recordings,
      WEBHOOK_URLS: `${portal}/api/webhooks/livekit`,
      ...given,
    }
    const redact = createRedactor([...loadSecrets(), ...secretValues(env), ...(this.#cluster?.secrets ?? [])])
    const common: CommonOptions = {
      print: line => console.log(redact(line)),
      onStarted: () => this.#record(),
      onFatal: message => this.fail(message),
    }
    const describe = (name: string, folder: string, entry: string, address: string, stopTimeoutMs?: number) =>
      new ChildService({
        ...common,
        name,
        args: [entry],
        cwd: path.join(root, folder),
        env,
        isHealthy: answersOk(`${address}/healthz`),
        ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
      })
    await this.#cluster?.start(common, env)
    if (this.#closing) return
    if (!this.#cluster)
      this.#services.push(
        // One of a cluster on several machines leads its people to the others first.
        describe('sfu', 'sfu', 'src/main.ts', sfu, REDIS_URL ? DRAIN_TIMEOUT_MS : undefined),
      )
    this.#services.push(
      describe('recordings', 'recordings', 'src/main.ts', recordings),
      describe('portal', 'web', 'server/main.ts', portal),
    )
    for (const service of this.#services) service.start()
  }

  #record(): void {
    const services: Record<string, number> = {}
    for (const { name, pid } of [...(this.#cluster?.services ?? []), ...this.#services])
      if (pid) services[name] = pid
    if (this.#postgres?.pid) services.postgres = this.#postgres.pid
    writeRunFile(this.#config.DATA_DIR, { supervisor: process.pid, services })
  }

  fail(message: string): void {
    if (this.#closing) return
    warn(message)
    process.exitCode = 1
    void this.close('a part failed')
  }

  /** Stops all in order: what people use first, then Redis, the database last. Idempotent. */
  close(reason: string): Promise<void> {
    this.#closing ??= (async () => {
      say(`Stopping (${reason})`)
      await Promise.all([...this.#services.map(service => service.close()), this.#cluster?.close()])
      await this.#postgres?.close()
      removeRunFile(this.#config.DATA_DIR)
      done('Stopped')
    })()
    return this.#closing
  }
}
