/** The PageClient of a page, seen from Node, whichever browser it runs in. */
import type { PageClient } from './page.ts'

/** Members of PageClient as seen from here: arguments and results pass through JSON. */
type Remote = {
  [K in keyof PageClient as PageClient[K] extends (...args: never[]) => unknown
    ? K
    : never]: PageClient[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** What every browser's client has. */
export type RemoteClient = Remote & {
  readonly console: string[]
  events(): Promise<PageClient['events']>
  data(): Promise<PageClient['data']>
  leave(): Promise<void>
}

/** Runs in the page: calls a method, or reads a property. */
export function callPage([name, values]: readonly [string, unknown[]]): unknown {
  const target = window.roomClient as unknown as Record<string, unknown>
  const member = target[name]
  return typeof member === 'function' ? member.apply(target, values) : member
}

/** `own`, and everything else by `call`. */
export const remoteClient = <Own extends object>(
  own: Own,
  call: (name: string, values: unknown[]) => Promise<unknown>,
): Own & RemoteClient =>
  new Proxy(own, {
    get: (target, name) =>
      // A promise looks for `then`.
      name in target || typeof name !== 'string' || name === 'then'
        ? Reflect.get(target, name)
        : (...values: unknown[]) => call(name, values),
  }) as Own & RemoteClient
