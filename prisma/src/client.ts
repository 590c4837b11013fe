import { AppError } from '@diemcau/core/errors.ts'
import { isStorableJson } from '@diemcau/core/text/storable.ts'
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
  const client = new PrismaClient({
    adapter,
    // Minimal: the other formats print the values of a query into the message, and with it into the log.
    errorFormat: 'minimal',
    transactionOptions: { maxWait: 10_000, timeout: 20_000 },
  })
  return storableOnly(client)
}

/**
 * The last of the rules about text: what PostgreSQL cannot hold (U+0000, half of a surrogate pair) is refused before it gets
 * there, wherever it slipped in, as the fault of who sent it. The client stays of its own type, because nothing is added.
 */
function storableOnly(client: PrismaClient): PrismaClient {
  return client.$extends({
    query: {
      async $allOperations({ args, query }) {
        if (!isStorableJson(args))
          throw new AppError('invalid_input', 'a text holds U+0000 or half of a surrogate pair')
        return await query(args)
      },
    },
  }) as unknown as PrismaClient
}
