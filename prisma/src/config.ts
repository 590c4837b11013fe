import { secretValues } from '@diemcau/core/log/redact.ts'
import { addressFault, postgresAddress } from '@diemcau/core/settings/address-setting.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { nodeEnv } from '@diemcau/core/settings/secret-rule.ts'

/** The only reader of the environment in this workspace. */
export interface DatabaseConfig {
  /** The role of the processes. */
  databaseUrl: string
  /** The role that owns the tables and changes them; the same where only one is given. */
  ownerUrl: string
  production: boolean
  /** For the accounts of the demo province; undefined: the known ones. */
  demo: { password: string | undefined; passcode: string | undefined }
}

/** @throws Error with one line for the first setting that cannot be used; it holds no part of the value. */
export function readDatabaseConfig(env: Record<string, string | undefined> = process.env): DatabaseConfig {
  const given = givenSettings(env)
  const databaseUrl = given.DATABASE_URL
  if (databaseUrl === undefined) throw new Error('DATABASE_URL must be set to a postgresql:// address.')
  const ownerUrl = given.MIGRATION_DATABASE_URL ?? databaseUrl
  for (const [name, url] of [
    ['DATABASE_URL', databaseUrl],
    ['MIGRATION_DATABASE_URL', ownerUrl],
  ] as const) {
    const fault = addressFault(url, postgresAddress)
    if (fault !== null) throw new Error(`${name}: ${fault}`)
  }
  const environmentName = nodeEnv.safeParse(given.NODE_ENV)
  if (!environmentName.success) throw new Error('NODE_ENV: must be development, production or test')
  return {
    databaseUrl,
    ownerUrl,
    production: environmentName.data === 'production',
    demo: { password: given.DEMO_PASSWORD, passcode: given.DEMO_PASSCODE },
  }
}

/** The values of this process that no line may hold. */
export const loadSecrets = (): string[] => secretValues(process.env)
