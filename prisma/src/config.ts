/** The only reader of the environment in this workspace. */
export interface DatabaseConfig {
  databaseUrl: string
  production: boolean
}

/** @throws Error with one line when DATABASE_URL is missing or is no PostgreSQL address. */
export function readDatabaseConfig(env: Record<string, string | undefined> = process.env): DatabaseConfig {
  const databaseUrl = env.DATABASE_URL ?? ''
  if (!/^postgres(ql)?:\/\//.test(databaseUrl))
    throw new Error('DATABASE_URL must be set to a postgresql:// address.')
  return { databaseUrl, production: env.NODE_ENV === 'production' }
}
