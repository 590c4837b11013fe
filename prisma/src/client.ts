import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from './generated/client.ts'

export type * from './generated/client.ts'
export { Prisma, PrismaClient }
export type Db = PrismaClient
/** What a transaction callback receives; functions that only query take this, so that both fit. */
export type Tx = Prisma.TransactionClient

/**
 * Opens a pool (at most `poolSize` connections, made when first needed). Whoever creates it closes it with
 * `$disconnect()`.
 */
export function createPrisma(databaseUrl: string, poolSize = 10): PrismaClient {
  const adapter = new PrismaPg({ connectionString: databaseUrl, max: poolSize })
  // Minimal: the other formats print the values of a query into the message, and with it into the log.
  return new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    transactionOptions: { maxWait: 10_000, timeout: 20_000 },
  })
}
