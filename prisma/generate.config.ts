/**
 * Generates the Prisma client into src/generated. The CLI wants a schema-engine binary before it does anything and
 * would download one, although `generate` never runs it; naming any existing file keeps it from trying.
 */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const cli = join(dirname(require.resolve('prisma/package.json')), 'build/index.js')
const command = process.argv[2] ?? 'generate'
if (!['generate', 'validate', 'format'].includes(command)) {
  console.error('usage: node generate.ts [generate|validate|format]')
  process.exit(2)
}
const result = spawnSync(process.execPath, [cli, command], {
  cwd: dirname(fileURLToPath(import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  },
})
process.exit(result.status ?? 1)
