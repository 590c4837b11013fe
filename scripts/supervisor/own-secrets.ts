/**
 * Secrets of an installation that is opened to the network without settings of its own: random, made once, kept in
 * the data folder for the owner of the folder only. Once there they are used on loopback, too, so that nobody is signed out
 * and no meeting's code changes by closing it again.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { SetupError } from '../lib/log.mjs'

const schema = z.object({
  LIVEKIT_API_KEY: z.string().min(1),
  LIVEKIT_API_SECRET: z.string().min(32),
  AUTH_SECRET: z.string().min(32),
  METRICS_TOKEN: z.string().min(32),
  DEMO_PASSWORD: z.string().min(12),
  DEMO_PASSCODE: z.string().regex(/^\d{6}$/),
})
/** By the names of the settings they stand for. */
export type OwnSecrets = z.infer<typeof schema>

/** Neither 0 and o nor 1, i and l: people type the password from a screen. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'

export const secretsFile = (dataDir: string): string => path.join(dataDir, 'secrets.json')

function makeSecrets(): OwnSecrets {
  const word = () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return {
    LIVEKIT_API_KEY: `API${randomBytes(6).toString('hex')}`,
    LIVEKIT_API_SECRET: randomBytes(32).toString('hex'),
    AUTH_SECRET: randomBytes(32).toString('hex'),
    METRICS_TOKEN: randomBytes(24).toString('hex'),
    DEMO_PASSWORD: [word(), word(), word(), word()].join('-'),
    DEMO_PASSCODE: String(randomInt(1_000_000)).padStart(6, '0'),
  }
}

/**
 * Reads the secrets of this data folder; makes them when `make` is set and there are none.
 *
 * @throws SetupError when the file is broken: making new ones silently would sign everybody out
 */
export const ownSecrets = (dataDir: string, make: boolean): OwnSecrets | undefined =>
  keptSecrets(secretsFile(dataDir), schema, make ? makeSecrets : undefined)

const clusterSchema = z.object({
  CLUSTER_SECRET: z.string().min(32),
  REDIS_PASSWORD: z.string().regex(/^[0-9a-f]{32,}$/),
})

/** What the nodes of a cluster on this machine share, made once. @throws SetupError when the file is broken */
export const clusterSecrets = (dataDir: string): z.infer<typeof clusterSchema> =>
  keptSecrets(path.join(dataDir, 'cluster-secrets.json'), clusterSchema, () => ({
    CLUSTER_SECRET: randomBytes(32).toString('hex'),
    REDIS_PASSWORD: randomBytes(24).toString('hex'),
  }))!

function keptSecrets<Secrets>(
  file: string,
  shape: z.ZodType<Secrets>,
  make: (() => Secrets) | undefined,
): Secrets | undefined {
  if (existsSync(file)) {
    chmodSync(file, 0o600)
    const parsed = shape.safeParse(readJson(file))
    if (parsed.success) return parsed.data
    throw new SetupError(`${file} cannot be read. Put it back, or remove it so that new secrets are made.`)
  }
  if (!make) return undefined
  const made = make()
  // In one step: a process killed here must not leave half a file.
  writeFileSync(`${file}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return made
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // Unreadable counts as broken; the caller says so.
    return undefined
  }
}
