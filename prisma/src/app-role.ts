/**
 * The database role that the processes work as. It owns nothing, so that it can neither change tables nor take a trigger
 * away; on append-only tables it may read and add. The owner's role is for migrations only.
 */
import pg from 'pg'

/** Rows that are written once and never changed or removed; triggers refuse it to the owner, too. */
export const APPEND_ONLY = ['audit_entry', 'floor_event', 'presence_event'] as const
/** Prisma's own history of migrations. */
const HISTORY = '_prisma_migrations'
/** Any number that nobody else locks: two processes granting at once would disturb each other. */
const LOCK = 7_241_533

const userOf = (url: string): string => decodeURIComponent(new URL(url).username)
const passwordOf = (url: string): string => decodeURIComponent(new URL(url).password)

/**
 * Makes the role of `appUrl` when it is missing (the owner then needs CREATEROLE), and grants it what the processes need
 * and nothing else. Nothing happens when both addresses name the same role.
 *
 * @throws Error naming the remedy when the role is missing and cannot be made, or when it is a superuser
 */
export async function ensureAppRole(ownerUrl: string, appUrl: string): Promise<void> {
  const role = userOf(appUrl)
  if (role === '' || role === userOf(ownerUrl)) return
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await makeRole(client, role, passwordOf(appUrl))
    await grant(client, role)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

async function makeRole(client: pg.Client, role: string, password: string): Promise<void> {
  const name = client.escapeIdentifier(role)
  const { rows } = await client.query<{ rolsuper: boolean }>(
    'SELECT rolsuper FROM pg_roles WHERE rolname = $1',
    [role],
  )
  if (rows[0]?.rolsuper)
    throw new Error('DATABASE_URL: its role is a superuser of the database; use a role that owns nothing.')
  if (rows[0]) return
  try {
    await client.query(`CREATE ROLE ${name} LOGIN PASSWORD ${client.escapeLiteral(password)}`)
  } catch (error) {
    // The statement holds the password: nothing of it may go on.
    const code = error instanceof pg.DatabaseError ? ` (${error.code})` : ''
    throw new Error(
      `The role of DATABASE_URL does not exist and could not be made${code}: CREATE ROLE … LOGIN.`,
    )
  }
}

/** What was granted before goes, so that a table that became append-only is so at the next start. */
async function grant(client: pg.Client, role: string): Promise<void> {
  const name = client.escapeIdentifier(role)
  const database = client.escapeIdentifier(client.database ?? 'postgres')
  const { rows } = await client.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
  )
  const statements = [
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    `GRANT CONNECT ON DATABASE ${database} TO ${name}`,
    `GRANT USAGE ON SCHEMA public TO ${name}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${name}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${name}`,
    ...rows.flatMap(({ tablename }) => {
      if (tablename === HISTORY) return []
      const isAppendOnly = (APPEND_ONLY as readonly string[]).includes(tablename)
      const rights = isAppendOnly ? 'SELECT, INSERT' : 'SELECT, INSERT, UPDATE, DELETE'
      return [`GRANT ${rights} ON public.${client.escapeIdentifier(tablename)} TO ${name}`]
    }),
  ]
  await client.query(statements.join(';\n'))
}

/**
 * True when the role of this address could change the tables themselves: it owns some, or is a superuser. The
 * portal warns about it, because append-only is then only as strong as the processes are.
 */
export async function ownsTables(query: (sql: string) => Promise<unknown>): Promise<boolean> {
  const rows = (await query(
    `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        OR EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(current_user, tableowner, 'MEMBER'))
        AS owns`,
  )) as { owns: boolean }[]
  return rows[0]?.owns === true
}
