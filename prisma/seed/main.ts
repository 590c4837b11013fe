/**
 * Fills the demo province: `node prisma/seed/main.ts`. Run at every start of the demo: what is there stays, the demo
 * meeting is opened again. Refused in production, because its passwords are published.
 */
import { createPrisma, type Db } from '../src/client.ts'
import { readDatabaseConfig } from '../src/config.ts'
import { seedMeetings } from './seed-meetings.ts'
import { seedOrganisation, seedPeople } from './seed-organisation.ts'

export async function seedDemo(db: Db, now = new Date()): Promise<void> {
  const halls = await seedOrganisation(db)
  await seedPeople(db)
  await seedMeetings(db, halls, now)
}

if (import.meta.main) {
  const { databaseUrl, production } = readDatabaseConfig()
  if (production) {
    console.error('The demo is refused in production: its accounts have published passwords.')
    process.exit(78)
  }
  const db = createPrisma(databaseUrl, 2)
  try {
    await seedDemo(db)
    console.log('The demo province is ready; the meeting demo-hop-ngay is open.')
  } finally {
    await db.$disconnect()
  }
}
