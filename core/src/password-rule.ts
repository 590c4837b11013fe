import { z } from 'zod'
import { isPlain } from './text/storable.ts'

/** Fewest and most characters of a new password. The upper end keeps hashing from being fed whole books. */
export const MIN_PASSWORD = 12
export const MAX_PASSWORD = 200

/** A new password as the portal and the seed take it; the faults are codes of the portal's error texts. */
export const newPassword = z
  .string()
  .refine(text => text.length >= MIN_PASSWORD, 'password_too_short')
  .refine(text => text.length <= MAX_PASSWORD, 'too_long')
  .refine(isPlain, 'invalid')
