import 'server-only'
import { cookies } from 'next/headers'
import type { ThemeChoice } from '../features/shell/preference-types.ts'

/** The theme of the cookie; anything else counts as "same as the device". */
export async function readTheme(): Promise<ThemeChoice> {
  const theme = (await cookies()).get('theme')?.value
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}
