/**
 * `node seed/main.ts`                         fills the demo province (refused in production)
 * `node seed/main.ts admin EMAIL "FULL NAME"` creates the first administrator; the password is read from standard input
 */

import { MIN_PASSWORD } from '@diemcau/core/password-rule.ts'
import { createPrisma } from '../src/client.ts'
import { readDatabaseConfig } from '../src/config.ts'
import { ensureAccount } from './accounts.ts'
import { seedDemo } from './demo.ts'

const help = `node seed/main.ts                          fill the demo province (refused in production)
node seed/main.ts admin EMAIL "FULL NAME"  create an administrator; the password (at least ${MIN_PASSWORD} characters) is read from standard input
DATABASE_URL names the database.`

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return text.trim()
}

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) return console.log(help)
  const config = readDatabaseConfig()
  const db = createPrisma(config.databaseUrl, 2)
  try {
    const [command, email, name] = args
    if (command === undefined) {
      if (config.production)
        throw new Error('The demo province is refused with NODE_ENV=production: its passwords are known.')
      await seedDemo(db)
    } else if (command === 'admin' && email && name) {
      const password = await readStdin()
      if (password.length < MIN_PASSWORD)
        throw new Error(`The password needs at least ${MIN_PASSWORD} characters.`)
      await ensureAccount(db, { email, name, role: 'admin', title: '', unitId: null, hallId: null, password })
      console.log(`Administrator ${email} is there.`)
    } else {
      throw new Error(`Unknown command.\n${help}`)
    }
  } finally {
    await db.$disconnect()
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
