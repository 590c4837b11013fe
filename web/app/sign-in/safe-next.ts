import { ownPath } from '@diemcau/core/net/own-path.ts'

/** Where to go after signing in: only a path of this portal. Whatever leads elsewhere becomes the home page. */
export const safeNext = (next: unknown): string => ownPath(next) ?? '/'
