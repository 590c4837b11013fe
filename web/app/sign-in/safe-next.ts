/**
 * Where to go after signing in: only a path of this portal. `//host`, `/\host` and full addresses would lead
 * elsewhere in the portal's name, so they become the home page.
 */
export function safeNext(next: unknown): string {
  return typeof next === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(next) && next.length < 500 ? next : '/'
}
