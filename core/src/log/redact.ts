/**
 * Keeps secrets out of every line a process writes: the values of its own settings wherever they turn up (a library puts
 * the address it could not reach into its error), and what has the shape of a credential.
 */

export type Redact = (text: string) => string

const HIDDEN = '[hidden]'
/** Shorter values turn up by chance; they are development values, which everybody knows. */
const MIN_LENGTH = 8

const shapes: [RegExp, string][] = [
  // Credentials of an address, RFC 3986 §3.2.1; up to the last @ before the host, because passwords are often not encoded.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${HIDDEN}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [/([?&](?:access_token|token|ticket|join_request)=)[^&\s"'<>\\]+/gi, `$1${HIDDEN}`],
  // A signed token, RFC 7515 §3.1: its header always begins with {".
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, HIDDEN],
]

/** Settings whose values are secrets, by their names. */
const SECRET_NAME = /SECRET|PASSWORD|_TOKEN$|_KEYS$/

/** The values in an environment that must never be written: secrets, passwords of addresses, secrets of key pairs. */
export function secretValues(environment: Record<string, string | undefined>): string[] {
  const found = Object.entries(environment).flatMap(([name, value = '']) => {
    if (name.endsWith('_KEYS')) return value.split(',').map(pair => pair.split(':').slice(1).join(':').trim())
    if (SECRET_NAME.test(name)) return [value]
    return passwordsIn(value)
  })
  return [...new Set(found)].filter(value => value.length >= MIN_LENGTH)
}

/** The password in an address as written and decoded; of one that cannot be parsed, all that stands before the @. */
function passwordsIn(value: string): string[] {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^\s]*)@/i.exec(value)
  if (!match?.[1]) return []
  const credentials = match[1]
  const written = credentials.slice(credentials.indexOf(':') + 1)
  try {
    return [credentials, written, decodeURIComponent(written)]
  } catch {
    return [credentials, written]
  }
}

/** @param secrets values to hide, as `secretValues` finds them */
export function createRedactor(secrets: readonly string[]): Redact {
  const forms = secrets.flatMap(secret => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    btoa(String.fromCodePoint(...new TextEncoder().encode(secret))),
  ])
  // The longest first: one may be the beginning of another.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length)
  return text => {
    let clean = text
    for (const secret of ordered) if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN)
    for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement)
    return clean
  }
}

/** Hooks of a pino logger: each finished line passes the redactor, whatever put the secret there. */
export function redactingHooks(secrets: readonly string[]): { streamWrite: Redact } {
  return { streamWrite: createRedactor(secrets) }
}
