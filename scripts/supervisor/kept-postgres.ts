/** The embedded PostgreSQL, started again when it dies, as every other part is. */
import { setTimeout as wait } from 'node:timers/promises'
import { warn } from '../lib/log.mjs'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'

/** Tries to start it again before giving up; its data is read and checked at each. */
const TRIES = 5
const RETRY_MS = 500

export interface KeptPostgres {
  url: string
  ownerUrl: string
  /** Of the process that runs now. */
  readonly pid: number | undefined
  close(): Promise<void>
}

/**
 * @param options.onStarted the process is another one now
 * @param options.onFatal it does not start any more: everything should stop
 * @throws SetupError when it does not start the first time
 */
export async function startKeptPostgres(options: {
  folder: string
  port: number
  onStarted: () => void
  onFatal: (message: string) => void
}): Promise<KeptPostgres> {
  let current: EmbeddedPostgres | undefined = await startEmbeddedPostgres(options)
  const { url, ownerUrl } = current
  const closing = new AbortController()
  const keep = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      await current?.exited
      current = undefined
      if (closing.signal.aborted) return
      warn('postgres ended by itself; starting it again')
      try {
        // Its own children may need a moment to notice that it is gone, and hold its data until then.
        await wait(RETRY_MS, undefined, { signal: closing.signal })
        current = await startEmbeddedPostgres(options)
        failures = 0
        options.onStarted()
      } catch (error) {
        if (closing.signal.aborted) return
        failures += 1
        if (failures < TRIES) continue
        return options.onFatal(error instanceof Error ? error.message : String(error))
      }
    }
  }
  const kept = keep()
  return {
    url,
    ownerUrl,
    get pid() {
      return current?.pid
    },
    async close() {
      closing.abort()
      await current?.close()
      await kept
      // It may have been started at this very moment.
      await current?.close()
    },
  }
}
