import { getRuntime } from '../../../server/runtime.ts'

export const dynamic = 'force-dynamic'

/** Ready means that the database answers. `webhooksAside` above 0 is an alarm: docs/operations.md says what to do. */
export async function GET(): Promise<Response> {
  try {
    return Response.json({ status: 'ok', webhooksAside: await getRuntime().db.webhookAside.count() })
  } catch {
    return Response.json({ status: 'no_database' }, { status: 503 })
  }
}
