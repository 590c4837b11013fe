/**
 * Settings that are addresses (SMTP_URL, DATABASE_URL, …) are judged by parsing them as the libraries do that use them,
 * when the process starts. A fault names what to do and never holds any part of the value: it may be a password.
 */
import { z } from 'zod'

export interface AddressRule {
  /** Schemes without the colon, as `smtp`; the first one stands in the example of a fault. */
  schemes: readonly [string, ...string[]]
  /** May name a user and a password. */
  credentials?: boolean
  /** May go on after the host with a path, or a path and a query. */
  rest?: 'path' | 'query'
  /** May leave the host out where the query names it, as PostgreSQL's socket folders do. */
  hostInQuery?: boolean
}

/** Mail: `smtp://user:password@host:587`. */
export const smtpAddress: AddressRule = { schemes: ['smtp', 'smtps'], credentials: true, rest: 'query' }
/** Database: `postgresql://user:password@host:5432/name?sslmode=require`. */
export const postgresAddress: AddressRule = {
  schemes: ['postgresql', 'postgres'],
  credentials: true,
  rest: 'query',
  hostInQuery: true,
}
/** A service of ours, without a path. */
export const httpAddress: AddressRule = { schemes: ['http', 'https'] }
/** A page or receiver on some server, with its path. */
export const httpPageAddress: AddressRule = { schemes: ['http', 'https'], rest: 'query' }
/** What browsers open a socket to. */
export const socketAddress: AddressRule = { schemes: ['wss', 'ws'], rest: 'path' }

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
const BLANK = /[\s\u0000-\u001f\u007f-\u009f]/
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i
/** RFC 1123 §2.1 with underscores, or an IPv6 address in brackets. Other names are written in punycode. */
const HOST = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.?)+$|^\[[0-9a-f:.]+\]$/i
/** A socket folder as libpq takes it, `%2Fvar%2Frun%2Fpostgresql`. */
const SOCKET_FOLDER = /^(%2f[\w.-]+)+$/i

/** What is wrong with an address, in words without any part of it; null when it can be used. */
export function addressFault(text: string, rule: AddressRule): string | null {
  const example = `${rule.schemes[0]}://${rule.credentials ? 'user:password@' : ''}host`
  if (BLANK.test(text)) return `must not hold spaces or line breaks: expected ${example}`
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || !rule.schemes.includes(scheme))
    return `must begin with ${rule.schemes.map(name => `${name}://`).join(' or ')}`
  const encode = rule.credentials
    ? 'in a user name or password write / ? # @ : and % as %2F %3F %23 %40 %3A and %25'
    : `expected ${example}`
  if (text.includes('#') || text.includes('\\')) return `must not hold # or \\: ${encode}`
  const url = URL.parse(text)
  if (url === null) return `cannot be read as an address: ${encode}`
  return hostFault(url, rule, encode) ?? partsFault(text, url, rule, encode)
}

function hostFault(url: URL, rule: AddressRule, encode: string): string | null {
  const { hostname } = url
  if (hostname === '' && rule.hostInQuery && (url.searchParams.get('host') ?? '') !== '') return null
  if (hostname === '') return `names no host: ${encode}`
  if (!HOST.test(hostname) && !(rule.hostInQuery && SOCKET_FOLDER.test(hostname)))
    return `names no host that can exist: ${encode}`
  return url.port === '0' ? 'names port 0: expected 1 to 65535' : null
}

function partsFault(text: string, url: URL, rule: AddressRule, encode: string): string | null {
  const hasUser = url.username !== '' || url.password !== ''
  if (hasUser && !rule.credentials) return 'must not hold a user name or password'
  // The first of two @ would be taken for the end of the password by some readers, the last one by others.
  const authority = /^[^/]*\/\/([^/?]*)/.exec(text)?.[1] ?? ''
  if (authority.split('@').length > 2) return `has more than one @ before the host: ${encode}`
  // A / or ? in the password ends the host early, and what follows it still has the @.
  const rest = text.slice(text.indexOf(authority, text.indexOf('//') + 2) + authority.length)
  if (rule.credentials && rest.includes('@')) return `has an @ after the host: ${encode}`
  if (!canDecode(url.username) || !canDecode(url.password))
    return `has a % that begins no character: ${encode}`
  if (rule.rest === undefined && url.pathname !== '' && url.pathname !== '/')
    return 'must end with the host and port'
  if (rule.rest !== 'query' && url.search !== '') return 'must not hold a ?'
  return null
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    // URIError: the answer.
    return false
  }
}

/** A setting of the given kind; the issue's message is `addressFault`'s. */
export const addressSetting = (rule: AddressRule) =>
  z.string().superRefine((text, context) => {
    const fault = addressFault(text, rule)
    if (fault !== null) context.addIssue({ code: 'custom', message: fault })
  })
