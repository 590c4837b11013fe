/** The portal as a browser reaches it: signing in by its form, and being let into a meeting. */
import { randomUUID } from 'node:crypto'
import type { JoinRequest, JoinResult } from '@diemcau/core/contracts/join.ts'

export type Admitted = Extract<JoinResult, { status: 'admitted' }>

const TIMEOUT_MS = 10_000

/** Signs in as the form without its script does. @returns the cookies @throws Error */
export async function signIn(portalUrl: string, email: string, password: string): Promise<string> {
  const page = await fetch(`${portalUrl}/sign-in`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  const form = /<form\b(?:(?!<\/form>).)*name="email".*?<\/form>/s.exec(await page.text())?.[0]
  if (form === undefined) throw new Error('the page has no form to sign in')
  const fields = new FormData()
  for (const [input] of form.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)) {
    const name = attribute(input, 'name')
    if (name !== undefined) fields.append(name, attribute(input, 'value') ?? '')
  }
  fields.append('email', email)
  fields.append('password', password)
  const answer = await fetch(`${portalUrl}/sign-in`, {
    method: 'POST',
    body: fields,
    headers: { origin: portalUrl },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  await answer.arrayBuffer()
  const cookies = answer.headers.getSetCookie().map(line => line.split(';')[0]!)
  if (!cookies.some(cookie => cookie.includes('session')))
    throw new Error(`${email} was not signed in (status ${answer.status})`)
  return cookies.join('; ')
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  const entities: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>' }
  return value?.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, word) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return entities[word] ?? whole
  })
}

/** One person's way in; the same identity each time. */
export class PortalDoor {
  /** Of the portal. */
  readonly origin: string
  readonly #url: string
  readonly #cookie: string | undefined
  readonly #request: JoinRequest

  /** @param who cookies of `signIn`, or what a guest types */
  constructor(portalUrl: string, code: string, who: { cookie: string } | { name: string; passcode: string }) {
    this.origin = portalUrl
    this.#url = `${portalUrl}/api/meetings/${code}/join`
    this.#cookie = 'cookie' in who ? who.cookie : undefined
    const deviceId = randomUUID()
    this.#request =
      'cookie' in who
        ? { as: 'participant', deviceId, withAccount: true }
        : { as: 'participant', deviceId, name: who.name, passcode: who.passcode }
  }

  /** @throws Error when the portal is away or does not let them in */
  async enter(): Promise<Admitted> {
    const result = await this.ask()
    if (result.status !== 'admitted') throw new Error(`was not let in: ${JSON.stringify(result)}`)
    return result
  }

  /** Whatever the portal answers. @throws Error when it is away */
  async ask(): Promise<JoinResult> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#cookie === undefined ? {} : { cookie: this.#cookie }),
      },
      body: JSON.stringify(this.#request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`joining was answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as JoinResult
  }
}
