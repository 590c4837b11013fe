/**
 * A driver adapter for Prisma's schema engine over one `pg` connection.
 *
 * The stock adapter does not fit migrations: its `executeScript` splits the text at every semicolon, which breaks
 * functions and leaves half-applied migrations, and it cannot read the "char" columns of the catalogue, which the
 * drift check introspects.
 */
import {
  type ColumnType,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import pg from 'pg'

const columnTypes: Record<number, ColumnType> = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  19: ColumnTypeEnum.Text,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  25: ColumnTypeEnum.Text,
  26: ColumnTypeEnum.Int64,
  114: ColumnTypeEnum.Json,
  700: ColumnTypeEnum.Float,
  701: ColumnTypeEnum.Double,
  1002: ColumnTypeEnum.CharacterArray,
  1003: ColumnTypeEnum.TextArray,
  1005: ColumnTypeEnum.Int32Array,
  1007: ColumnTypeEnum.Int32Array,
  1009: ColumnTypeEnum.TextArray,
  1016: ColumnTypeEnum.Int64Array,
  1028: ColumnTypeEnum.Int64Array,
  1043: ColumnTypeEnum.Text,
  1114: ColumnTypeEnum.DateTime,
  1184: ColumnTypeEnum.DateTime,
  2950: ColumnTypeEnum.Uuid,
  3802: ColumnTypeEnum.Json,
}
/** Times as RFC 3339 §5.6, with all the digits PostgreSQL has; the session's zone is UTC. */
const asTime = (value: string): string => `${value.replace(' ', 'T').replace(/[+-]\d\d(:?\d\d)?$/, '')}+00:00`
/** Types whose JavaScript values would lose digits stay text. */
const textParsers: Record<number, (value: string) => string> = {
  20: value => value,
  1114: asTime,
  1184: asTime,
}

function wrap(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error
  throw new DriverAdapterError({
    kind: 'postgres',
    code: error.code ?? 'XX000',
    severity: error.severity ?? 'ERROR',
    message: error.message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
  })
}

class MigrationConnection implements SqlDriverAdapter {
  readonly provider = 'postgres'
  readonly adapterName = '@prisma/adapter-pg'
  readonly #client: pg.Client
  readonly #onDispose: () => Promise<void>
  #disposed = false

  constructor(client: pg.Client, onDispose: () => Promise<void>) {
    this.#client = client
    this.#onDispose = onDispose
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    const result = await this.#run(query)
    return {
      columnNames: result.fields.map(f => f.name),
      columnTypes: result.fields.map(f => columnTypes[f.dataTypeID] ?? ColumnTypeEnum.Text),
      rows: result.rows,
    }
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    return (await this.#run(query)).rowCount ?? 0
  }

  /** The whole script goes as one simple query, which PostgreSQL runs as one transaction. */
  async executeScript(script: string): Promise<void> {
    await this.#client.query(script).catch(wrap)
  }

  async startTransaction() {
    await this.#client.query('BEGIN').catch(wrap)
    return {
      provider: this.provider,
      adapterName: this.adapterName,
      options: { usePhantomQuery: false },
      queryRaw: (query: SqlQuery) => this.queryRaw(query),
      executeRaw: (query: SqlQuery) => this.executeRaw(query),
      commit: async () => {
        await this.#client.query('COMMIT').catch(wrap)
      },
      rollback: async () => {
        await this.#client.query('ROLLBACK').catch(wrap)
      },
    } as const
  }

  getConnectionInfo() {
    return { schemaName: 'public', supportsRelationJoins: true }
  }

  /** The engine disposes as well as we do; the second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#client.end()
    await this.#onDispose()
  }

  async #run(query: SqlQuery): Promise<pg.QueryArrayResult<unknown[]>> {
    return await this.#client
      .query<unknown[]>({
        text: query.sql,
        values: query.args as unknown[],
        rowMode: 'array',
        types: {
          getTypeParser: ((oid: number, format?: 'text') =>
            textParsers[oid] ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
        },
      })
      .catch(wrap)
  }
}

async function connect(url: string, onDispose: () => Promise<void> = async () => {}) {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' })
  await client.connect()
  // A server that goes away between two statements must not crash the process: the next statement reports it.
  client.on('error', () => {})
  return new MigrationConnection(client, onDispose)
}

/** A factory that remembers what it opened: the engine does not close its main connection itself. */
export interface ClosableAdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  close(): Promise<void>
}

function closable(open: () => Promise<MigrationConnection>): ClosableAdapterFactory {
  const opened: MigrationConnection[] = []
  const track = async () => {
    const connection = await open()
    opened.push(connection)
    return connection
  }
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: track,
    connectToShadowDb: track,
    close: async () => {
      for (const connection of opened) await connection.dispose()
    },
  }
}

/** Connections to the real database, for applying migrations. */
export const migrationAdapterFactory = (url: string): ClosableAdapterFactory => closable(() => connect(url))

/**
 * Connections to an empty scratch database on the same server, dropped at dispose. `diff` applies every migration to
 * what `connect` returns, so this must never be the real database.
 */
export const scratchAdapterFactory = (serverUrl: string): ClosableAdapterFactory =>
  closable(async () => {
    const name = `scratch_${crypto.randomUUID().replaceAll('-', '')}`
    await runOnServer(serverUrl, `CREATE DATABASE "${name}"`)
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    return await connect(url.href, () =>
      runOnServer(serverUrl, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`),
    )
  })

async function runOnServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
