import { AppError } from '@diemcau/core/errors.ts'
import { encodingOf, type TwirpAnswer, type TwirpCall, twirpResult } from '@diemcau/core/livekit/twirp.ts'
import { type EgressInfo, ListEgressResponse } from '@livekit/protocol'
import { z } from 'zod'
import { createEgressProxy, type EgressProxy } from './egress-proxy.ts'

/** A recorder that does not say how it is within this is asked nothing, ms. */
const HEALTH_LIMIT_MS = 1_500

const health = z.object({
  status: z.literal('ok'),
  running: z.number(),
  /** Places left; absent: not bounded. */
  free: z.number().optional(),
  /** Which folder of recordings it shares with others; absent: its own. */
  store: z.string().optional(),
})
type Health = z.infer<typeof health>

/**
 * Several recorders as one Egress service; of a single one calls are passed on as they are. A new recording goes to the one with the most room; all else to whoever knows the recording.
 * Recorders that share a folder know all of each other's, so that one of them is enough; of others each has to be heard before it can
 * be said that there is no such recording, and a list that may not be whole is refused with `unavailable`.
 */
export function createRecorders(
  urls: readonly [string, ...string[]],
  fetchImpl: typeof fetch = fetch,
): EgressProxy {
  const recorders = urls.map(url => ({ url, ask: createEgressProxy(url, fetchImpl) }))
  const [only, ...others] = recorders
  if (only && others.length === 0) return only.ask

  const healthOf = async (url: string): Promise<Health | null> => {
    try {
      const response = await fetchImpl(new URL('/healthz', url), {
        signal: AbortSignal.timeout(HEALTH_LIMIT_MS),
      })
      return health.parse(await response.json())
    } catch {
      // It is away, or starting: nobody is led there.
      return null
    }
  }

  return async call => {
    const all = await Promise.all(recorders.map(async one => ({ ...one, health: await healthOf(one.url) })))
    const living = all.flatMap(one => (one.health ? [{ ask: one.ask, health: one.health }] : []))
    if (living.length === 0) throw new AppError('unavailable', 'no recordings service can be reached')
    const stores = new Set(living.map(one => one.health.store))
    const isShared = stores.size === 1 && !stores.has(undefined)
    const isWhole = isShared || living.length === all.length
    const method = call.route.split('/')[1] ?? ''

    if (method.startsWith('Start')) {
      const byRoom = living.toSorted(
        (a, b) =>
          Number(b.health.free !== 0) - Number(a.health.free !== 0) || a.health.running - b.health.running,
      )
      return await firstAnswer(byRoom, call, status => status === 429 || status === 503)
    }
    if (method === 'ListEgress') {
      if (!isWhole) throw new AppError('unavailable', 'a recordings service cannot be reached')
      const asked = isShared ? living.slice(0, 1) : living
      return joinLists(await Promise.all(asked.map(one => one.ask(call))), call)
    }
    const answer = await firstAnswer(living, call, status => status === 404)
    if (answer.status === 404 && !isWhole)
      throw new AppError('unavailable', 'a recordings service cannot be reached')
    return answer
  }
}

/** Of the first one that does not pass it on; of the last one if all do. */
async function firstAnswer(
  recorders: readonly { ask: EgressProxy }[],
  call: Parameters<EgressProxy>[0],
  isPassedOn: (status: number) => boolean,
): Promise<TwirpAnswer> {
  let answer: TwirpAnswer | undefined
  for (const { ask } of recorders) {
    answer = await ask(call)
    if (!isPassedOn(answer.status)) break
  }
  if (!answer) throw new AppError('unavailable', 'no recordings service can be reached')
  return answer
}

/** The items of all, newest first as one recorder gives them; the first refusal instead, if there is one. */
function joinLists(answers: TwirpAnswer[], call: Pick<TwirpCall, 'contentType'>): TwirpAnswer {
  const refusal = answers.find(({ status }) => status !== 200)
  const [only, ...others] = answers
  if (refusal) return refusal
  if (only && others.length === 0) return only
  const encoding = encodingOf({ httpMethod: 'POST', contentType: call.contentType })
  const items = answers.flatMap(({ body }) =>
    encoding === 'json'
      ? ListEgressResponse.fromJsonString(textOf(body), { ignoreUnknownFields: true }).items
      : ListEgressResponse.fromBinary(bytesOf(body)).items,
  )
  items.sort((a, b) => Number(begunAt(b) - begunAt(a)))
  return twirpResult(new ListEgressResponse({ items }), encoding)
}

/** One that has not begun is newer than all. */
const begunAt = ({ startedAt, updatedAt }: EgressInfo): bigint => (startedAt > 0n ? startedAt : updatedAt)

const textOf = (body: TwirpAnswer['body']): string =>
  typeof body === 'string' ? body : new TextDecoder().decode(body)
const bytesOf = (body: TwirpAnswer['body']): Uint8Array =>
  typeof body === 'string' ? new TextEncoder().encode(body) : body
