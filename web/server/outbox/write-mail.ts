/** The words of a mail about a meeting. Pure: facts in, subject, HTML, text and calendar entry out. */
import ical, { ICalAttendeeRole, ICalCalendarMethod, ICalEventStatus } from 'ical-generator'
import en from '../../messages/en/mail.json' with { type: 'json' }
import vi from '../../messages/vi/mail.json' with { type: 'json' }

export type MailKind = 'invited' | 'changed' | 'cancelled'

export interface MailFacts {
  kind: MailKind
  locale: string
  timeZone: string
  recipient: { name: string; email: string; isGuest: boolean }
  organizer: { name: string; email: string }
  joinUrl: string
  meeting: {
    id: string
    title: string
    startsAt: Date
    endsAt: Date
    agenda: string
    recorded: boolean
    passcode: string
    icsSequence: number
    cancelledReason: string | null
  }
}

export interface WrittenMail {
  subject: string
  html: string
  text: string
  ics: string
  icsMethod: 'REQUEST' | 'CANCEL'
}

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, c => escapes[c] ?? c)
/** A header is one line, whatever stands in the title. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ')
const fill = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)

export function formatSpan(startsAt: Date, endsAt: Date, locale: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'vi-VN', {
    timeZone,
    weekday: 'long',
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatRange(startsAt, endsAt)
}

export function writeMail(facts: MailFacts): WrittenMail {
  const { kind, meeting, recipient } = facts
  const t: Record<string, string> = facts.locale === 'en' ? en : vi
  const say = (key: string): string => t[key] ?? key
  const isOff = kind === 'cancelled'
  const subject = oneLine(fill(say(`${kind}_subject`), { title: meeting.title }))
  const when = formatSpan(meeting.startsAt, meeting.endsAt, facts.locale, facts.timeZone)

  const rows: [string, string][] = [[say('time'), when]]
  if (isOff && meeting.cancelledReason) rows.push([say('reason'), meeting.cancelledReason])
  if (!isOff && meeting.agenda) rows.push([say('agenda'), meeting.agenda])
  if (!isOff && recipient.isGuest) rows.push([say('passcode'), meeting.passcode])
  const notes = isOff ? [] : [say('join_hint'), ...(meeting.recorded ? [say('recorded')] : [])]
  const greeting = fill(say('greeting'), { name: recipient.name })

  const text = [
    greeting,
    '',
    say(`${kind}_intro`),
    '',
    meeting.title,
    ...rows.map(([label, value]) => `${label}: ${value}`),
    ...(isOff ? [] : ['', `${say('join')}: ${facts.joinUrl}`, ...notes]),
    '',
    say('footer'),
  ].join('\n')
  const multiline = (value: string): string => escapeHtml(value).replaceAll('\n', '<br>')
  const html = [
    `<!doctype html><html lang="${facts.locale === 'en' ? 'en' : 'vi'}"><head><meta charset="utf-8"></head>`,
    '<body style="font-family:Arial,sans-serif;color:#1a2233;max-width:40rem;margin:0 auto;padding:1.5rem">',
    `<p>${escapeHtml(greeting)}</p><p>${escapeHtml(say(`${kind}_intro`))}</p>`,
    `<h2 style="margin:1rem 0 .5rem">${escapeHtml(meeting.title)}</h2><table cellpadding="4">`,
    ...rows.map(
      ([label, value]) =>
        `<tr><th align="left" valign="top">${escapeHtml(label)}</th><td>${multiline(value)}</td></tr>`,
    ),
    '</table>',
    ...(isOff
      ? []
      : [
          `<p><a href="${escapeHtml(facts.joinUrl)}" style="display:inline-block;padding:.7rem 1.2rem;background:#0f5a9e;color:#fff;text-decoration:none;border-radius:.4rem">${escapeHtml(say('join'))}</a></p>`,
          `<p>${escapeHtml(facts.joinUrl)}</p>`,
          ...notes.map(note => `<p>${escapeHtml(note)}</p>`),
        ]),
    `<p style="color:#667">${escapeHtml(say('footer'))}</p></body></html>`,
  ].join('\n')
  return { subject, html, text, ics: writeCalendar(facts, text), icsMethod: isOff ? 'CANCEL' : 'REQUEST' }
}

/** RFC 5546: the same UID for the meeting's whole life, a growing SEQUENCE, CANCEL for the last word. */
function writeCalendar(facts: MailFacts, description: string): string {
  const { meeting, recipient, organizer } = facts
  const isOff = facts.kind === 'cancelled'
  const calendar = ical({
    prodId: { company: 'diemcau', product: 'portal' },
    method: isOff ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.REQUEST,
  })
  const event = calendar.createEvent({
    id: `${meeting.id}@diemcau`,
    sequence: meeting.icsSequence,
    start: meeting.startsAt,
    end: meeting.endsAt,
    summary: meeting.title,
    description,
    location: facts.joinUrl,
    url: facts.joinUrl,
    organizer,
    status: isOff ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
  })
  event.createAttendee({
    name: recipient.name,
    email: recipient.email,
    role: ICalAttendeeRole.REQ,
    rsvp: !isOff,
  })
  return calendar.toString()
}
