/** The portal's calls about the media servers themselves: `/admin/…`, which are no part of LiveKit's API. */
import { type DrainReport, drainSchema } from '@diemcau/core/contracts/node-report.ts'
import { type NodesReport, nodesReportSchema } from '@diemcau/core/contracts/nodes-report.ts'
import { AppError, type AppErrorCode } from '@diemcau/core/errors.ts'
import { type ApiKey, mintAccessToken } from '@diemcau/core/livekit/access-token.ts'

/** A node asks the others for 2.5 s at most about themselves, and 5 s about a drain. */
const REPORT_MS = 4_000
const DRAIN_MS = 8_000
const TOKEN_S = 60

const CODE_OF_DRAIN: Record<number, AppErrorCode> = { 404: 'not_found', 409: 'drain_refused' }

export class NodeAdmin {
  readonly #base: string
  readonly #key: ApiKey
  /** As nodes called themselves, by incarnation; kept as long as they are in the cluster, so that a silent one has a name. */
  #names = new Map<string, string>()

  constructor(livekit: { url: string; apiKey: string; apiSecret: string }) {
    this.#base = livekit.url.replace(/\/*$/, '')
    this.#key = { key: livekit.apiKey, secret: livekit.apiSecret }
  }

  /** All nodes of the cluster, whichever answers. @param by for the node's log @throws AppError('media_unavailable') */
  async report(by: string): Promise<NodesReport> {
    const report = nodesReportSchema.safeParse(await this.#call('GET', '/admin/nodes', by, REPORT_MS))
    if (!report.success)
      throw new AppError('media_unavailable', 'the media server answers in another way', {
        cause: report.error,
      })
    const { nodes } = report.data
    this.#names = new Map(
      nodes.map(({ incarnation, seen }) => [incarnation, seen?.report.name ?? this.nameOf(incarnation)]),
    )
    return report.data
  }

  /** '' when that node never said it here. */
  nameOf(incarnation: string): string {
    return this.#names.get(incarnation) ?? ''
  }

  /**
   * Begins a drain of that node, or (`isWanted` false) takes it back.
   * @throws AppError('not_found'): there is no such node (any more); ('drain_refused'); ('media_unavailable'): it may have happened
   */
  async drain(incarnation: string, isWanted: boolean, by: string): Promise<DrainReport> {
    const path = `/admin/nodes/${encodeURIComponent(incarnation)}/drain`
    const answer = drainSchema.safeParse(
      await this.#call(isWanted ? 'POST' : 'DELETE', path, by, DRAIN_MS, CODE_OF_DRAIN),
    )
    if (!answer.success)
      throw new AppError('media_unavailable', 'the media server answers in another way', {
        cause: answer.error,
      })
    return answer.data
  }

  async #call(
    method: string,
    path: string,
    by: string,
    withinMs: number,
    codes: Record<number, AppErrorCode> = {},
  ): Promise<unknown> {
    const token = await mintAccessToken(this.#key, { identity: by, video: { nodeAdmin: true } }, TOKEN_S)
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        cache: 'no-store',
        signal: AbortSignal.timeout(withinMs),
      })
      if (response.ok) return await response.json()
      const text = (await response.text()).slice(0, 200)
      throw new AppError(codes[response.status] ?? 'media_unavailable', `${response.status}: ${text}`)
    } catch (error) {
      if (error instanceof AppError) throw error
      throw new AppError('media_unavailable', `${method} ${path} failed`, { cause: error })
    }
  }
}
