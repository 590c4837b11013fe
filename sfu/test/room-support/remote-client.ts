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
const remoteClient = <Own extends object>(
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

/** A client of a page, in `open` until it leaves: then it leaves its room and its page is closed. */
export function openClient<Page extends { close(): Promise<void> }>(
  page: Page,
  console: string[],
  call: (name: string, values: unknown[]) => Promise<unknown>,
  open: Set<RemoteClient & { readonly page: Page }>,
): RemoteClient & { readonly page: Page } {
  const leave = async () => {
    if (!open.delete(client)) return
    await call('disconnect', []).catch(() => {})
    await page.close()
  }
  const client: RemoteClient & { readonly page: Page } = remoteClient({ page, console, leave }, call)
  open.add(client)
  return client
}
