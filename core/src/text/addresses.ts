/**
 * E-mail addresses as people paste them out of mail programs and spreadsheets: `Tên <a@xa.vn>; "Trần, B" <b@xa.vn>`, one a
 * line or many. Each entry is read by nodemailer's parser (RFC 5322), so that names with commas and quotes come out whole;
 * what is no address is named, and the others are kept.
 */
import parseMailboxes from 'nodemailer/lib/addressparser'
import { z } from 'zod'
import { cleanLine } from './clean-text.ts'

export interface Mailbox {
  /** Lower case, with an international domain in its ASCII form. */
  email: string
  /** Empty when only an address was given. */
  name: string
}

export interface ReadAddresses {
  mailboxes: Mailbox[]
  /** What could not be read, as it was typed. */
  wrong: string[]
}

const plainAddress = z.email().max(254)
const CLOSING: Record<string, string> = { '"': '"', '<': '>', '(': ')' }

/** The text of one entry each: separated by commas, semicolons, line breaks, or just by the next address. */
function entriesOf(text: string): string[] {
  const entries: string[] = []
  let entry = ''
  let closing = ''
  const end = () => {
    if (entry.trim() !== '') entries.push(entry.trim())
    entry = ''
    closing = ''
  }
  const lines = text.replaceAll(/\r\n?/g, '\n')
  for (let i = 0; i < lines.length; i++) {
    const char = lines[i] ?? ''
    if (char === '\n') {
      // A long entry may be folded before its address (RFC 5322 §2.2.3); otherwise a new line is a new entry.
      const isFolded = /^\s*</.test(lines.slice(i, i + 80)) && entry.trim() !== '' && !entry.includes('@')
      if (isFolded) entry += ' '
      else end()
    } else if (closing !== '') {
      entry += char
      if (char === '\\' && closing === '"') entry += lines[++i] ?? ''
      else if (char === closing) {
        closing = ''
        if (char === '>') end()
      }
    } else if (char === ',' || char === ';') end()
    else {
      entry += char
      closing = CLOSING[char] ?? ''
    }
  }
  end()
  return entries.flatMap(splitBare)
}

/** Bare addresses with nothing but blanks between them. */
function splitBare(entry: string): string[] {
  const words = entry.split(/\s+/)
  const isList = words.length > 1 && !/[<"(]/.test(entry) && words.every(word => word.includes('@'))
  return isList ? words : [entry]
}

/** The address in the form mail servers take, or null when it is none. */
export function normalAddress(address: string): string | null {
  const [, local, domain] = /^(.+)@([^@]+)$/.exec(address.trim().replace(/^mailto:/i, '')) ?? []
  if (local === undefined || domain === undefined || /[\s/\\?#:]/.test(domain)) return null
  // The URL parser turns an international domain into its ASCII form (UTS #46).
  const host = URL.parse(`http://${domain.normalize('NFC')}`)?.hostname
  const parsed = plainAddress.safeParse(`${local}@${host}`.toLowerCase())
  return parsed.success ? parsed.data : null
}

/** Reads a list of addresses; each address comes once, with the first name given for it. */
export function readAddresses(text: string): ReadAddresses {
  const found = new Map<string, Mailbox>()
  const wrong: string[] = []
  for (const entry of entriesOf(text)) {
    const parsed = parseMailboxes(entry, { flatten: true })
    const mailboxes = parsed.map(one => ({ email: normalAddress(one.address), name: cleanLine(one.name) }))
    if (mailboxes.length === 0 || mailboxes.some(one => one.email === null)) {
      wrong.push(entry)
      continue
    }
    for (const { email, name } of mailboxes) {
      if (email === null) continue
      const known = found.get(email)
      if (!known) found.set(email, { email, name })
      else if (known.name === '') known.name = name
    }
  }
  return { mailboxes: [...found.values()], wrong }
}

/** As it is written into a form again: `Tên <a@xa.vn>`. */
export const mailboxText = ({ email, name }: Mailbox): string =>
  name === '' || name === email ? email : `"${name.replaceAll(/["\\]/g, found => `\\${found}`)}" <${email}>`
