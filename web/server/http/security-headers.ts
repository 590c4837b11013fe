/**
 * What every answer of the portal tells browsers to refuse. Scripts run by a nonce only, which Next finds in the request's
 * policy and puts on its own scripts; styles may stand in attributes, which carry no code.
 */

export interface PageFacts {
  /** Fresh for every answer. */
  nonce: string
  /** The answer goes out over https. */
  secure: boolean
  /** Hosts the page may have been asked for at: that of the request, and the public one where a proxy does not pass it on. */
  hosts: readonly (string | undefined)[]
  /** LIVEKIT_PUBLIC_URL, or null when browsers connect to the page's own host. */
  mediaUrl: string | null
  /** Port of the media server on the page's own host. */
  mediaPort: string
  /** Unbuilt pages need eval for React's error traces. */
  dev: boolean
}

const YEAR_S = 31_536_000

/** A host that is none is told nothing: the header must not carry what a client typed. */
const isHost = (url: URL | null): url is URL =>
  url !== null && /^([\w.-]+|\[[0-9a-f:.]+\])$/i.test(url.hostname)

/** Sources for the media server: its socket, and the requests livekit-client makes beside it. */
function mediaSources({ hosts, mediaUrl, mediaPort }: PageFacts): string[] {
  if (mediaUrl !== null) {
    const url = URL.parse(mediaUrl)
    if (!isHost(url)) return []
    const encrypted = [`wss://${url.host}`, `https://${url.host}`]
    return url.protocol === 'wss:' ? encrypted : [...encrypted, `ws://${url.host}`, `http://${url.host}`]
  }
  return hosts.flatMap(host => {
    const url = URL.parse(`ws://${host ?? ''}`)
    if (!isHost(url)) return []
    const place = `${url.hostname}${mediaPort && `:${mediaPort}`}`
    // The page's own socket too: not every browser takes it for 'self'.
    return ['ws', 'wss', 'http', 'https']
      .map(scheme => `${scheme}://${place}`)
      .concat(`ws://${url.host}`, `wss://${url.host}`)
  })
}

/** Content-Security-Policy, level 3. */
export function contentPolicy(page: PageFacts): string {
  const directives: [string, string[]][] = [
    ['default-src', ["'self'"]],
    [
      'script-src',
      ["'self'", `'nonce-${page.nonce}'`, "'strict-dynamic'", ...(page.dev ? ["'unsafe-eval'"] : [])],
    ],
    ['style-src', ["'self'", "'unsafe-inline'"]],
    ['img-src', ["'self'", 'data:', 'blob:']],
    ['font-src', ["'self'"]],
    ['media-src', ["'self'", 'data:', 'blob:', 'mediastream:']],
    ['connect-src', ["'self'", 'data:', 'blob:', ...new Set(mediaSources(page))]],
    ['worker-src', ["'self'", 'blob:']],
    ['frame-src', ["'self'"]],
    ['frame-ancestors', ["'self'"]],
    ['form-action', ["'self'"]],
    ['base-uri', ["'none'"]],
    ['object-src', ["'none'"]],
  ]
  return directives.map(([name, sources]) => `${name} ${sources.join(' ')}`).join('; ')
}

export function securityHeaders(page: PageFacts): Record<string, string> {
  return {
    'Content-Security-Policy': contentPolicy(page),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'SAMEORIGIN',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy':
      'camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), screen-wake-lock=(self), speaker-selection=(self), autoplay=(self), geolocation=(), payment=(), usb=()',
    // Only over https may it be said (RFC 6797 §7.2); other names below this one are not ours to speak for.
    ...(page.secure ? { 'Strict-Transport-Security': `max-age=${YEAR_S}` } : {}),
  }
}
