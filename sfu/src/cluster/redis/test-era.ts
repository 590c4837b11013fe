/** For tests: eras of a record in Redis without waiting for them. */
import type { RedisConnection } from './redis-connection.ts'

/** An era that is open at once; one that was there is over. */
export async function openAtOnce(admin: RedisConnection, id: string = crypto.randomUUID()): Promise<void> {
  const life = /run_id:(\w+)/.exec(String(await admin.send(['INFO', 'server'])))?.[1] ?? ''
  await admin.send(['HSET', 'sfu:era', 'id', id, 'openFromMs', '1', 'life', life])
}

/** As if the server had started again, with all it has, or a copy of it had taken over. */
export const beginAnotherLife = async (admin: RedisConnection): Promise<void> =>
  void (await admin.send(['HSET', 'sfu:era', 'life', 'the one before']))
