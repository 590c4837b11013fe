import { getRuntime } from '../runtime.ts'
import type { Actor, SessionView } from '../types.ts'

/** Own open sessions, the newest first. `currentId` marks the one that asks. */
export async function listSessions(actor: Actor, currentId: string | null = null): Promise<SessionView[]> {
  const rows = await getRuntime().db.session.findMany({
    where: { userId: actor.userId, expiresAt: { gt: new Date() } },
    orderBy: { createdAt: 'desc' },
  })
  return rows.map(row => ({
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    ipAddress: row.ipAddress,
    userAgent: row.userAgent,
    current: row.id === currentId,
  }))
}
