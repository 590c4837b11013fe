/** Answers that will not change by asking again: the receiver has understood the event and refuses it. */
const FINAL_REFUSALS = new Set([400, 413, 415, 422])
/**
 * The receiver is there and stumbles, perhaps over this very event. Answers that speak of the receiver as a whole (it is away or
 * busy: 408, 429, 502 to 504; it knows neither our key nor the path: 401, 403, 404) do not count.
 */
const STUMBLES = new Set([500, 501, 505, 506, 508])

/** Why a webhook did not arrive: for the log, and what the answer says of asking again. */
interface SendFailure {
  reason: string
  /** `refused` for good; the receiver `stumbled`, perhaps over this very event; it is `away`: busy, not reached, or not set up. */
  kind: 'refused' | 'stumbled' | 'away'
}

/** One attempt to deliver. Null when the receiver took it. Never throws. */
export async function sendWebhook(
  url: string,
  body: string,
  {
    sign,
    fetch,
    timeoutMs,
    closing,
  }: {
    sign(body: string): Promise<Record<string, string>>
    fetch: typeof globalThis.fetch
    /** An answer later than this counts as a failure. */
    timeoutMs: number
    /** Ends the attempt early. */
    closing: AbortSignal
  },
): Promise<SendFailure | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/webhook+json', ...(await sign(body)) },
      body,
      redirect: 'error',
      signal: AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]),
    })
    // The body is of no interest, but an unread one would hold the connection.
    await response.body?.cancel()
    return response.ok ? null : { reason: `HTTP ${response.status}`, kind: kindOfStatus(response.status) }
  } catch (error) {
    return { reason: reasonOf(error), kind: 'away' }
  }
}

function kindOfStatus(status: number): SendFailure['kind'] {
  if (FINAL_REFUSALS.has(status)) return 'refused'
  return STUMBLES.has(status) ? 'stumbled' : 'away'
}

/** What went wrong, short: Node's fetch hides the network's word in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message
}
