/** The words of a mail about a meeting. Pure: facts in, subject, HTML, text and calendar entry out. */
import en from '../../messages/en/mail.json' with { type: 'json' }
import vi from '../../messages/vi/mail.json' with { type: 'json' }
import type { MailChange, MailFacts } from './mail-facts.ts'
import { writeCalendar } from './write-calendar.ts'

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

const wordsOf = (locale: string): ((key: string) => string) => {
  const table: Record<string, string> = locale === 'en' ? en : vi
  return key => table[key] ?? key
}
const languageOf = (locale: string): string => (locale === 'en' ? 'en-GB' : 'vi-VN')

export function formatSpan(startsAt: Date, endsAt: Date, locale: string, timeZone: string): string {
  return new Intl.DateTimeFormat(languageOf(locale), {
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

const clockTime = (at: Date, locale: string, timeZone: string): string =>
  new Intl.DateTimeFormat(languageOf(locale), {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)

/** `Ghi hình` and `Không ghi hình`: what a change of the setting reads like. */
export const recordedWord = (isRecorded: boolean, locale: string): string =>
  wordsOf(locale)(isRecorded ? 'is_recorded' : 'not_recorded')

/** Label and value of each line, most important first. */
function rowsOf(facts: MailFacts, say: (key: string) => string): [string, string][] {
  const { kind, meeting, recipient } = facts
  const rows: [string, string][] = [
    [say('time'), formatSpan(meeting.startsAt, meeting.endsAt, facts.locale, facts.timeZone)],
    [say('chair'), meeting.chairName],
  ]
  if (kind === 'cancelled' && meeting.cancelledReason) rows.push([say('reason'), meeting.cancelledReason])
  if (kind === 'invited' || kind === 'changed') {
    if (recipient.halls.length > 0)
      rows.push([say('own_hall'), recipient.halls.map(hall => hall.name).join('\n')])
    for (const hall of recipient.halls)
      if (hall.code !== null) rows.push([fill(say('hall_code'), { hall: hall.name }), spaced(hall.code)])
    if (recipient.passcode !== null) rows.push([say('passcode'), spaced(recipient.passcode)])
    if (meeting.agenda) rows.push([say('agenda'), meeting.agenda])
    if (facts.watchUrl) rows.push([say('watch'), facts.watchUrl])
  }
  if (facts.supportPhone) rows.push([say('support'), facts.supportPhone])
  return rows
}

/** Digits as they are read out: in twos or threes. */
const spaced = (digits: string): string => digits.replace(/(\d{3,4})(?=(?:\d{3}|\d{4})$)/, '$1 ')

export function writeMail(facts: MailFacts): WrittenMail {
  const { kind, meeting, recipient } = facts
  const say = wordsOf(facts.locale)
  const isOff = kind === 'cancelled' || kind === 'uninvited'
  const subject = oneLine(fill(say(`${kind}_subject`), { title: meeting.title }))
  const rows = rowsOf(facts, say)
  const changes = kind === 'changed' ? facts.changes : []
  const opensAt = clockTime(facts.doorsOpenAt, facts.locale, facts.timeZone)
  const notes = isOff
    ? []
    : [
        fill(say('join_hint'), { time: opensAt }),
        say(recipient.hasAccount ? 'join_account' : 'join_guest'),
        ...(meeting.recorded ? [say('recorded')] : []),
      ]
  const greeting = fill(say('greeting'), { name: recipient.name })

  const text = [
    greeting,
    '',
    say(`${kind}_intro`),
    '',
    meeting.title,
    ...(changes.length > 0
      ? ['', say('changes'), ...changes.map(change => changeText(change, say)), '']
      : []),
    ...rows.map(([label, value]) => `${label}: ${value}`),
    ...(isOff ? [] : ['', `${say('join')}: ${facts.joinUrl}`, ...notes]),
    '',
    say('footer'),
  ].join('\n')
  const multiline = (value: string): string => escapeHtml(value).replaceAll('\n', '<br>')
  const table = (lines: [string, string][]) => [
    '<table cellpadding="4">',
    ...lines.map(
      ([label, html]) => `<tr><th align="left" valign="top">${escapeHtml(label)}</th><td>${html}</td></tr>`,
    ),
    '</table>',
  ]
  const html = [
    `<!doctype html><html lang="${facts.locale === 'en' ? 'en' : 'vi'}"><head><meta charset="utf-8"></head>`,
    '<body style="font-family:Arial,sans-serif;color:#1a2233;max-width:40rem;margin:0 auto;padding:1.5rem">',
    `<p>${escapeHtml(greeting)}</p><p>${escapeHtml(say(`${kind}_intro`))}</p>`,
    `<h2 style="margin:1rem 0 .5rem">${escapeHtml(meeting.title)}</h2>`,
    ...(changes.length > 0
      ? [
          `<p><strong>${escapeHtml(say('changes'))}</strong></p>`,
          ...table(
            changes.map(({ field, before, after }) => [
              say(field),
              `<s style="color:#667">${multiline(before)}</s><br><strong>${multiline(after)}</strong>`,
            ]),
          ),
        ]
      : []),
    ...table(rows.map(([label, value]) => [label, multiline(value)])),
    ...(isOff
      ? []
      : [
          `<p><a href="${escapeHtml(facts.joinUrl)}" style="display:inline-block;padding:.7rem 1.2rem;background:#0f5a9e;color:#fff;text-decoration:none;border-radius:.4rem">${escapeHtml(say('join'))}</a></p>`,
          `<p>${escapeHtml(facts.joinUrl)}</p>`,
          ...(facts.joinQr
            ? [`<p><img src="${facts.joinQr}" width="160" height="160" alt="${escapeHtml(say('qr'))}"></p>`]
            : []),
          ...notes.map(note => `<p>${escapeHtml(note)}</p>`),
        ]),
    `<p style="color:#667">${escapeHtml(say('footer'))}</p></body></html>`,
  ].join('\n')
  return { subject, html, text, ics: writeCalendar(facts, text), icsMethod: isOff ? 'CANCEL' : 'REQUEST' }
}

const changeText = ({ field, before, after }: MailChange, say: (key: string) => string): string =>
  before.includes('\n') || after.includes('\n')
    ? `- ${say(field)}:\n${before}\n→\n${after}`
    : `- ${say(field)}: ${before} → ${after}`
