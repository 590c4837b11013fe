import { mailReasons } from '@diemcau/core/contracts/portal.ts'
import nodemailer from 'nodemailer'
import { describe, expect, it } from 'vitest'
import en from '../../messages/en/portal.json' with { type: 'json' }
import vi from '../../messages/vi/portal.json' with { type: 'json' }
import { describeMailError, readMailError } from './mail-failure.ts'

const URL_WITH_SECRET = 'smtp://clerk:p%23ss-word-9@mail.example.vn:587'
const smtpError = (message: string, over: object) => Object.assign(new Error(message), over)

describe('describeMailError', () => {
  it.each([
    ['auth', smtpError('Invalid login', { code: 'EAUTH', response: '535 5.7.8 no' })],
    ['unreachable', smtpError('connect ECONNREFUSED 10.0.0.1:587', { code: 'ESOCKET' })],
    ['unreachable', smtpError('getaddrinfo ENOTFOUND mail', { code: 'EDNS' })],
    ['timeout', smtpError('Greeting never received', { code: 'ETIMEDOUT' })],
    ['tls', smtpError('self-signed certificate', { code: 'ESOCKET' })],
    ['recipient', smtpError('x', { code: 'EENVELOPE', command: 'RCPT TO', response: '550 no such user' })],
    ['refused', smtpError('x', { code: 'EMESSAGE', response: '552 too large' })],
    ['unknown', 'something'],
  ])('is %s', (reason, error) => {
    expect(readMailError(describeMailError(error, URL_WITH_SECRET)).reason).toBe(reason)
  })

  it('keeps what the server said, and no secret of the address', () => {
    const said = describeMailError(
      smtpError(`no answer from ${URL_WITH_SECRET} for p#ss-word-9`, { code: 'ECONNECTION' }),
      URL_WITH_SECRET,
    )
    expect(said).toMatch(/^unreachable: no answer from smtp:\/\//)
    expect(said).not.toMatch(/p(#|%23)ss-word-9/)
  })

  it('knows what the library itself throws', async () => {
    const transport = nodemailer.createTransport({ url: 'smtp://clerk:pa55word1@127.0.0.1:1' })
    const error = await transport
      .sendMail({ from: 'a@b.vn', to: 'c@d.vn', text: 'x' })
      .catch((e: unknown) => e)
    expect(readMailError(describeMailError(error, 'smtp://clerk:pa55word1@127.0.0.1:1')).reason).toBe(
      'unreachable',
    )
  })

  it('has words for every reason in both languages', () => {
    for (const reason of mailReasons) {
      expect(vi.outbox.reasons[reason]).toBeTruthy()
      expect(en.outbox.reasons[reason]).toBeTruthy()
    }
  })

  it('reads rows of earlier versions', () => {
    expect(readMailError('connect ECONNREFUSED')).toEqual({
      reason: 'unknown',
      detail: 'connect ECONNREFUSED',
    })
  })
})
