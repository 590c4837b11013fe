import { describe, expect, it } from 'vitest'
import { AppError, asAppError, codeOf, isPermanent, kindOf, messageFor } from './errors.ts'
import { statusOf } from './http/status.ts'
import { twirpError } from './livekit/twirp.ts'

const wordOf = (error: unknown) => JSON.parse(String(twirpError(error).body)) as { code: string; msg: string }

/** As Next's bundle would make it: the same error of another copy of the class. */
const fromAnotherBundle = (code: string) =>
  Object.assign(new Error('no such room'), { name: 'AppError', code })

describe('an error at the edges', () => {
  it('has one kind, one status and one Twirp word', () => {
    const table = [
      ['invalid_input', 400, 400, 'invalid_argument'],
      ['over_limit', 400, 400, 'invalid_argument'],
      ['too_large', 413, 400, 'invalid_argument'],
      ['malformed', 400, 400, 'malformed'],
      ['unauthenticated', 401, 401, 'unauthenticated'],
      ['forbidden', 403, 403, 'permission_denied'],
      ['track_not_found', 404, 404, 'not_found'],
      ['failed_precondition', 409, 412, 'failed_precondition'],
      ['rate_limited', 429, 429, 'resource_exhausted'],
      ['disk_full', 429, 429, 'resource_exhausted'],
      ['unavailable', 503, 503, 'unavailable'],
      ['rpc_failed', 502, 500, 'internal'],
      ['ffmpeg_failed', 500, 500, 'internal'],
    ] as const
    for (const [code, http, twirp, word] of table) {
      const error = new AppError(code, 'why')
      expect([code, statusOf(error), twirpError(error).status, wordOf(error).code]).toEqual([
        code,
        http,
        twirp,
        word,
      ])
    }
  })

  it('that is not ours is a passing fault of ours and reveals nothing', () => {
    for (const error of [
      new TypeError('a secret'),
      'a secret',
      undefined,
      fromAnotherBundle('something_new'),
    ]) {
      expect(codeOf(error)).toBe('internal')
      expect(statusOf(error)).toBe(500)
      expect(wordOf(error)).toEqual({ code: 'internal', msg: 'internal error' })
      expect(isPermanent(error)).toBe(false)
    }
    expect(messageFor(new AppError('media_failed', 'a secret'))).toBe('internal error')
  })

  it('is told by name, so that one of another bundle is known too', () => {
    expect(asAppError(fromAnotherBundle('not_found'))?.code).toBe('not_found')
    expect(kindOf(fromAnotherBundle('media_unavailable'))).toBe('unavailable')
    expect(messageFor(fromAnotherBundle('not_found'))).toBe('no such room')
  })

  it('is permanent when asking again would change nothing', () => {
    for (const code of ['malformed', 'invalid_signature', 'not_found', 'meeting_over', 'too_large'] as const)
      expect([code, isPermanent(new AppError(code, ''))]).toEqual([code, true])
    for (const code of ['unavailable', 'media_unavailable', 'disk_full', 'rate_limited', 'internal'] as const)
      expect([code, isPermanent(new AppError(code, ''))]).toEqual([code, false])
  })
})
