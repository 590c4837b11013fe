/** Drives ice-page.ts from Node, and judges by it which way media took. */
import { eventually } from '../../../testing/eventually.ts'
import type { BrowserClient } from './browser.ts'
import type { IceLab, MediaWay } from './ice-page.ts'

type Remote = {
  [K in keyof IceLab]: IceLab[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** The methods of IceLab in this client's page. */
export const iceLab = ({ page }: Pick<BrowserClient, 'page'>): Remote =>
  new Proxy({} as Remote, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        page.evaluate(
          ([method, values]) => {
            const lab = window.iceLab as unknown as Record<string, (...rest: unknown[]) => unknown>
            return lab[method as string]?.(...(values as unknown[]))
          },
          [name, args] as const,
        ),
  })

/** Waits until all of the client's connections (two once it publishes) are up, each by a way that `isRight`. */
export async function expectWays(
  client: Pick<BrowserClient, 'page'>,
  count: number,
  isRight: (way: MediaWay) => boolean,
): Promise<void> {
  await eventually(
    async () => {
      const ways = await iceLab(client).ways()
      const good = ways.filter(way => way.state === 'connected' && isRight(way))
      return ways.length === count && good.length === count ? null : JSON.stringify(ways)
    },
    20_000,
    100,
  )
}
