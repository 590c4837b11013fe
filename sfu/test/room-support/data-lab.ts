/** Node's side of data-page.ts, and what the data tests wait for. */
import { eventually } from '../../../testing/eventually.ts'
import type { BrowserClient } from './browser.ts'
import type { DataLab, Heard } from './data-page.ts'

type Lab = {
  [K in keyof DataLab as DataLab[K] extends (...args: never[]) => unknown ? K : never]: DataLab[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** `window.dataLab` of a client's page: arguments and results pass through JSON. */
export function data(client: BrowserClient): Lab {
  return new Proxy({} as Lab, {
    get:
      (_target, name) =>
      (...args: unknown[]) =>
        client.page.evaluate(
          ([method, values]) => {
            const target = window.dataLab as unknown as Record<string, (...rest: unknown[]) => unknown>
            return target[method as string]?.(...(values as unknown[]))
          },
          [name, args] as const,
        ),
  })
}

/** What the client has noted of this kind, as `from: text`. */
export async function heard(client: BrowserClient, what: string): Promise<string[]> {
  const all: Heard[] = await client.page.evaluate(() => window.dataLab.heard)
  return all.filter(note => note.what === what).map(({ from, text }) => `${from}: ${text}`)
}

/** Waits until the client has noted exactly these, in any order of kinds but in this order. */
export async function expectHeard(client: BrowserClient, what: string, wanted: string[]): Promise<void> {
  await eventually(
    async () => {
      const notes = await heard(client, what)
      return JSON.stringify(notes) === JSON.stringify(wanted)
        ? null
        : `heard ${what}: ${JSON.stringify(notes)}`
    },
    30_000,
    100,
  )
}
