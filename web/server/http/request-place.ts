/**
 * Where the work under way was asked from, for the audit: kept beside the call instead of handed through every use case.
 * On globalThis, because Next bundles its own copy of every module and main.ts runs the sources.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

export interface RequestPlace {
  /** Address of the client; empty for what the portal does by itself: jobs and the sweep. */
  ip: string
  /** What was asked for, without the query, which may hold tokens. */
  path: string
}

const key = Symbol.for('diemcau.portal.place')
const holder = globalThis as { [key]?: AsyncLocalStorage<RequestPlace> }
holder[key] ??= new AsyncLocalStorage()
const storage = holder[key]
const NOWHERE: RequestPlace = { ip: '', path: '' }
const MAX_PATH = 200

/** Runs the work; all it awaits knows the place. */
export const atPlace = <T>(ip: string, url: string | undefined, work: () => T): T =>
  storage.run({ ip, path: (url ?? '').split('?')[0]!.slice(0, MAX_PATH) }, work)

export const currentPlace = (): RequestPlace => storage.getStore() ?? NOWHERE
