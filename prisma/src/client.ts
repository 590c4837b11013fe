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
  return new PrismaClient({ adapter, transactionOptions: { maxWait: 10_000, timeout: 20_000 } })
}
