import { defineConfig } from 'prisma/config'

/** Only `prisma generate`, `validate` and `format` are run by the CLI; migrations go through src/migrate.ts. */
export default defineConfig({ schema: 'schema', migrations: { path: 'migrations' } })
