import { AppError } from '@diemcau/core/errors.ts'
import { describe, expect, it } from 'vitest'
import { faultOfWebhook, WebhookTries } from './webhook-tries.ts'

const coded = (code: string) => Object.assign(new Error(code), { code })

describe('a webhook that failed', () => {
  it.each([
    [new AppError('malformed', ''), 'permanent'],
    [new AppError('invalid_input', ''), 'permanent'],
    [new AppError('media_unavailable', ''), 'passing'],
    [new AppError('internal', ''), 'unknown'],
    [coded('P1001'), 'passing'],
    [coded('P2034'), 'passing'],
    [coded('ECONNREFUSED'), 'passing'],
    // A database that starts up for minutes must cost no event.
    [
      Object.assign(coded('P2039'), { meta: { driverAdapterError: { cause: { originalCode: '57P03' } } } }),
      'passing',
    ],
    [Object.assign(new Error(), { name: 'PrismaClientInitializationError' }), 'passing'],
    [coded('P2000'), 'permanent'],
    [Object.assign(new Error(), { name: 'PrismaClientValidationError' }), 'permanent'],
    [coded('P2002'), 'unknown'],
    [new TypeError('of null'), 'unknown'],
    ['a string', 'unknown'],
  ] as const)('for %j has a %s fault', (error, fault) => {
    expect(faultOfWebhook(error)).toBe(fault)
  })

  it('is hopeless at once, never, or after some tries over some time', () => {
    let now = 0
    const tries = new WebhookTries(() => now)
    expect(tries.isHopeless('a', new AppError('malformed', ''))).toBe(true)
    for (let n = 0; n < 50; n++) {
      now += 60_000
      expect(tries.isHopeless('b', coded('P1001'))).toBe(false)
    }
    const unforeseen = new TypeError('x')
    // Many at once say nothing yet, and neither does time alone.
    for (let n = 0; n < 20; n++) expect(tries.isHopeless('c', unforeseen)).toBe(false)
    expect(tries.isHopeless('d', unforeseen)).toBe(false)
    now += 60_000
    expect(tries.isHopeless('d', unforeseen)).toBe(false)
    expect(tries.isHopeless('c', unforeseen)).toBe(true)
    tries.forget('c')
    expect(tries.isHopeless('c', unforeseen)).toBe(false)
  })
})
