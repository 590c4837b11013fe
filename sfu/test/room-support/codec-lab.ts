/** Node's side of codec-page.ts, and what the codec tests wait for. */
import { eventually } from '../../../testing/eventually.ts'
import type { BrowserClient } from './browser.ts'
import type { CodecLab, DecodedStream } from './codec-page.ts'

/** Busy machines encode slowly: outcomes are waited for this long, ms. */
export const PATIENCE_MS = 30_000

type Lab = {
  [K in keyof CodecLab as CodecLab[K] extends (...args: never[]) => unknown
    ? K
    : never]: CodecLab[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
} & { events(): Promise<string[]> }

/** `window.codecLab` of a client's page: arguments and results pass through JSON. */
export function lab(client: BrowserClient): Lab {
  return new Proxy({} as Lab, {
    get:
      (_target, name) =>
      (...args: unknown[]) =>
        client.page.evaluate(
          ([method, values]) => {
            const target = window.codecLab as unknown as Record<string, unknown>
            const member = target[method as string]
            return typeof member === 'function' ? member.apply(target, values) : member
          },
          [name, args] as const,
        ),
  })
}

export async function decodedOf(client: BrowserClient, sid: string): Promise<DecodedStream | undefined> {
  return (await lab(client).decoded()).find(stream => stream.sid === sid)
}

/** Waits until pictures of the track that fit `wanted` are decoded anew. */
export async function expectDecoded(
  client: BrowserClient,
  sid: string,
  wanted: { codec?: string; width?: number; height?: number } = {},
  frames = 4,
): Promise<DecodedStream> {
  let first: DecodedStream | undefined
  let last: DecodedStream | undefined
  await eventually(
    async () => {
      last = await decodedOf(client, sid)
      if (!last) return `${sid} is not subscribed`
      const isFitting =
        (wanted.codec === undefined || last.codec.toLowerCase() === `video/${wanted.codec}`) &&
        (wanted.width === undefined || last.width === wanted.width) &&
        (wanted.height === undefined || last.height === wanted.height)
      if (!isFitting) {
        first = undefined
        return `decodes ${last.codec} ${last.width}x${last.height}, not ${JSON.stringify(wanted)}`
      }
      // Another codec comes by another receiver, which counts from nothing again.
      if (!first || last.framesDecoded < first.framesDecoded) first = last
      const grown = last.framesDecoded - first.framesDecoded
      return grown >= frames && last.framesDecoded > 0 ? null : `${grown} new frames decoded`
    },
    PATIENCE_MS,
    100,
  )
  return last as DecodedStream
}

/** Waits until no further frame of the track is decoded for 600 ms. */
export async function expectStill(client: BrowserClient, sid: string): Promise<void> {
  let last = -1
  let still = 0
  await eventually(
    async () => {
      const frames = (await decodedOf(client, sid))?.framesDecoded
      if (frames === undefined) return `${sid} is not subscribed`
      still = frames === last ? still + 1 : 0
      last = frames
      return still >= 6 ? null : `frames are still decoded (${frames})`
    },
    PATIENCE_MS,
    100,
  )
}

/** Which streams of a local track are encoded now, e.g. 'vp8:h vp8:q', in order of the alphabet: those whose frames grow. */
export async function encodedNow(client: BrowserClient, sid: string): Promise<string> {
  const before = await lab(client).encoded(sid)
  await new Promise(resolve => setTimeout(resolve, 500))
  const after = await lab(client).encoded(sid)
  return after
    .filter(stream => {
      const earlier = before.find(s => s.rid === stream.rid && s.codec === stream.codec)
      return stream.framesEncoded > (earlier?.framesEncoded ?? 0)
    })
    .map(stream => `${stream.codec.replace('video/', '').toLowerCase()}${stream.rid ? `:${stream.rid}` : ''}`)
    .sort()
    .join(' ')
}

/** Waits until exactly these streams are encoded. */
export async function expectEncoded(client: BrowserClient, sid: string, wanted: string): Promise<void> {
  await eventually(
    async () => {
      const now = await encodedNow(client, sid)
      return now === wanted ? null : `encoded: '${now}', not '${wanted}'`
    },
    PATIENCE_MS,
    50,
  )
}
