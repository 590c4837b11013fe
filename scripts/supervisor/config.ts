/** Settings of the supervisor, all checked at once. Each process validates its own. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { secretValues } from '@diemcau/core/log/redact.ts'
import { addressSetting, httpAddress, postgresAddress } from '@diemcau/core/settings/address-setting.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { defaultBind, isLoopback, listenSetting, nodeEnv } from '@diemcau/core/settings/secret-rule.ts'
import { z } from 'zod'
import { SetupError } from '../lib/log.mjs'
import { lastOffset } from './cluster-plan.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '')
const port = (fallback: number) => z.coerce.number().int().min(1).max(65_535).default(fallback)

const schema = z.object({
  NODE_ENV: nodeEnv,
  LISTEN: listenSetting,
  PORT: port(3000),
  SFU_PORT: port(7880),
  SFU_MEDIA_PORT: port(7882),
  SFU_WORKERS: z.coerce.number().int().min(1).max(128).optional(),
  RECORDINGS_PORT: port(7980),
  POSTGRES_PORT: port(54329),
  LIVEKIT_API_KEY: z.string().optional(),
  REDIS_PORT: port(6380),
  REDIS_URL: z.string().optional(),
  CLUSTER_SECRET: z.string().optional(),
  REDIS_SERVER: z.string().default('/usr/bin/redis-server'),
  DATABASE_URL: addressSetting(postgresAddress).optional(),
  MIGRATION_DATABASE_URL: addressSetting(postgresAddress).optional(),
  PUBLIC_URL: addressSetting(httpAddress).optional(),
  BIND: z.string().optional(),
  SFU_BIND: z.string().optional(),
  SFU_MEDIA_BIND: z.string().optional(),
  RECORDINGS_BIND: z.string().default('127.0.0.1'),
  DATA_DIR: z.string().default(path.join(root, '.data')),
  /** Fill the demo province on start; default yes in development with the embedded database, never in production. */
  SEED_DEMO: z.enum(['yes', 'no']).optional(),
})

export interface SupervisorConfig extends z.infer<typeof schema> {
  /** The network can reach the portal and the media server. */
  open: boolean
  /** Addresses the portal and the media server listen on. */
  bind: string
  sfuBind: string
  /** How many media servers a cluster on this machine has; undefined: one alone. */
  nodes: number | undefined
}

const help = `npm start                       sets everything up and runs portal, media server and recordings for this machine only
npm run cluster [-- --nodes N]  the same with Redis and N media servers (2 to 5, default 3) behind one address
… -- --open                     the same for the network, with secrets and passwords made for this data folder
Settings: .env.example`

const DEFAULT_NODES = 3

/** @throws SetupError */
function readArguments(args: readonly string[]): { open: boolean; nodes: number | undefined } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { open: { type: 'boolean' }, cluster: { type: 'boolean' }, nodes: { type: 'string' } },
    })
    const nodes = Number(values.nodes ?? DEFAULT_NODES)
    if (values.nodes !== undefined && !values.cluster) throw new Error('--nodes goes with npm run cluster')
    if (!Number.isInteger(nodes) || nodes < 2 || nodes > 5) throw new Error('--nodes must be 2 to 5')
    return { open: values.open === true, nodes: values.cluster ? nodes : undefined }
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : String(error)}\n${help}`)
  }
}

/**
 * @param args `--open` is LISTEN=network in one word; `--cluster`: several media servers
 * @throws SetupError naming every fault
 */
export function readConfig(
  env: NodeJS.ProcessEnv = process.env,
  args: readonly string[] = process.argv.slice(2),
): SupervisorConfig {
  const { open, nodes } = readArguments(args)
  const given = givenSettings(env)
  if (open) given.LISTEN = 'network'
  const result = schema.safeParse(given)
  if (!result.success) {
    const faults = result.error.issues.map(issue => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new SetupError(`Settings that cannot be used:\n${faults.join('\n')}`)
  }
  if (result.data.NODE_ENV === 'production' && result.data.SEED_DEMO === 'yes') {
    throw new SetupError(
      'SEED_DEMO=yes is refused with NODE_ENV=production: demo accounts have a known password.',
    )
  }
  const { data } = result
  if (nodes !== undefined && data.SFU_PORT + lastOffset(nodes) > 65_535)
    throw new SetupError(
      `SFU_PORT: ${nodes} nodes take the ${lastOffset(nodes)} ports after it, and the last one is over 65535`,
    )
  const bind = data.BIND ?? defaultBind(data)
  const sfuBind = data.SFU_BIND ?? defaultBind(data)
  return {
    ...data,
    DATA_DIR: path.resolve(root, data.DATA_DIR),
    open: !isLoopback(bind) || !isLoopback(sfuBind),
    bind,
    sfuBind,
    nodes,
  }
}

/** The values that no line may hold. */
export const loadSecrets = (): string[] => secretValues(process.env)
