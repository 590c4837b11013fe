/** Why a mail did not leave, in a closed set of reasons that have words in web/messages, and what the server said. */
import { type MailReason, mailReasons } from '@diemcau/core/contracts/portal.ts'
import { createRedactor, secretValues } from '@diemcau/core/log/redact.ts'

const MAX_DETAIL = 300

interface SmtpError {
  code?: unknown
  command?: unknown
  response?: unknown
}

function reasonOf({ code, command }: SmtpError, text: string): MailReason {
  if (code === 'EAUTH' || code === 'ENOAUTH') return 'auth'
  if (/certificate|self.signed|ssl|tls/i.test(text) || code === 'ETLS') return 'tls'
  if (code === 'ETIMEDOUT' || /timed? ?out/i.test(text)) return 'timeout'
  if (code === 'EENVELOPE') return command === 'RCPT TO' || command === 'API' ? 'recipient' : 'refused'
  if (code === 'EMESSAGE' || code === 'EPROTOCOL') return 'refused'
  const isAway = ['ECONNECTION', 'ESOCKET', 'EDNS', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH']
  return isAway.includes(String(code)) ? 'unreachable' : 'unknown'
}

/**
 * `reason: what the server said`, as it is kept with the mail and in the job. Libraries put the address they used into their
 * errors: what is a secret of it is hidden here, before it is written anywhere.
 */
export function describeMailError(error: unknown, smtpUrl: string): string {
  const failed = (typeof error === 'object' && error !== null ? error : {}) as SmtpError
  const text = error instanceof Error ? error.message : String(error)
  const said = typeof failed.response === 'string' && failed.response !== '' ? failed.response : text
  const redact = createRedactor(secretValues({ SMTP_URL: smtpUrl }))
  const detail = redact(said).replaceAll(/\s+/g, ' ').trim().slice(0, MAX_DETAIL)
  return `${reasonOf(failed, text)}: ${detail}`
}

/** The two parts again; rows of earlier versions hold no reason. */
export function readMailError(kept: string): { reason: MailReason; detail: string } {
  const [, reason = '', detail = ''] = /^(\w+): (.*)$/s.exec(kept) ?? []
  const known = mailReasons.find(one => one === reason)
  return known ? { reason: known, detail } : { reason: 'unknown', detail: kept }
}
