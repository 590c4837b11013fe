import { getRuntime } from '../../../server/runtime.ts'

export const dynamic = 'force-dynamic'

/** Ready means that the database answers. */
export async function GET(): Promise<Response> {
  try {
    await getRuntime().db.$queryRaw`SELECT 1`
    return Response.json({ status: 'ok' })
  } catch {
    return Response.json({ status: 'no_database' }, { status: 503 })
  }
}
