/** Settings of the supervisor, all checked at once. Each process validates its own. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { SetupError } from '../lib/log.mjs'

export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '')
const port = (fallback: number) => z.coerce.number().int().min(1).max(65_535).default(fallback)
const optional = z
  .string()
  .trim()
  .transform(text => text || undefined)
  .optional()

const schema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  PORT: port(3000),
  SFU_PORT: port(7880),
  SFU_MEDIA_PORT: port(7882),
  SFU_WORKERS: z.coerce.number().int().min(1).max(128).optional(),
  RECORDINGS_PORT: port(7980),
  POSTGRES_PORT: port(54329),
  DATABASE_URL: optional,
  DATA_DIR: z.string().default(path.join(root, '.data')),
  /** Fill the demo province on start; default yes in development with the embedded database, never in production. */
  SEED_DEMO: z.enum(['yes', 'no']).optional(),
})

export type SupervisorConfig = Omit<z.infer<typeof schema>, 'DATA_DIR'> & { DATA_DIR: string }

/** @throws SetupError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): SupervisorConfig {
  // An empty value in .env means "not set".
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
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
  return { ...result.data, DATA_DIR: path.resolve(root, result.data.DATA_DIR) }
}
