/**
 * Fills the demo province, takes it out of use again, or makes the first administrator; see `help`. Everything it
 * prints has passed the redactor: an error of the database may hold its address.
 */
import { createRedactor } from '@diemcau/core/log/redact.ts'
import { MIN_PASSWORD } from '@diemcau/core/password-rule.ts'
import { createPrisma, type Db } from '../src/client.ts'
import { type DatabaseConfig, loadSecrets, readDatabaseConfig } from '../src/config.ts'
import { replaceKnownSecrets, retireDemo } from '../src/demo-accounts.ts'
import { ensureAccount } from './accounts.ts'
import { seedDemo } from './demo.ts'

const help = `node seed/main.ts                          fill the demo province (refused in production)
node seed/main.ts replace-known            give what is left of the demo DEMO_PASSWORD and DEMO_PASSCODE instead of the known ones
node seed/main.ts retire-demo              disable the demo's accounts and call off its meetings, for production
node seed/main.ts admin EMAIL "FULL NAME"  create an administrator; the password (at least ${MIN_PASSWORD} characters) is read from standard input
DATABASE_URL names the database.`

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  return text.trim()
}

async function run(db: Db, config: DatabaseConfig, args: string[]): Promise<void> {
  const { password, passcode } = config.demo
  const [command, email, name] = args
  switch (command) {
    case undefined:
      if (config.production)
        throw new Error('The demo province is refused with NODE_ENV=production: strangers know its accounts.')
      return await seedDemo(db, config.demo)
    case 'replace-known':
      if (password === undefined || passcode === undefined)
        throw new Error('DEMO_PASSWORD and DEMO_PASSCODE must be set.')
      return await replaceKnownSecrets(db, { password, passcode })
    case 'retire-demo': {
      const { accounts, meetings } = await retireDemo(db)
      return console.log(`Demo accounts disabled: ${accounts}; demo meetings called off: ${meetings}.`)
    }
    case 'admin': {
      if (!email || !name) throw new Error(help)
      const typed = await readStdin()
      if (typed.length < MIN_PASSWORD)
        throw new Error(`The password needs at least ${MIN_PASSWORD} characters.`)
      await ensureAccount(db, {
        email,
        name,
        role: 'admin',
        title: '',
        unitId: null,
        hallId: null,
        password: typed,
      })
      return console.log(`Administrator ${email} is there.`)
    }
    default:
      throw new Error(`Unknown command.\n${help}`)
  }
}

async function main(args: string[]): Promise<void> {
  if (args.includes('--help')) return console.log(help)
  const config = readDatabaseConfig()
  const redact = createRedactor(loadSecrets())
  const db = createPrisma(config.databaseUrl, 2)
  try {
    await run(db, config, args)
  } catch (error) {
    console.error(redact(error instanceof Error ? error.message : String(error)))
    process.exitCode = 1
  } finally {
    await db.$disconnect()
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  // The settings' own fault, which holds no value.
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
