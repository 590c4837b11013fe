'use server'
import { cookies } from 'next/headers'
import { z } from 'zod'

const YEAR = 365 * 24 * 3600
const keep = { path: '/', maxAge: YEAR, sameSite: 'lax' } as const

/** Remembers the theme in a cookie for a year. */
export async function setTheme(theme: 'system' | 'light' | 'dark'): Promise<void> {
  ;(await cookies()).set('theme', z.enum(['system', 'light', 'dark']).parse(theme), keep)
}

/** Remembers the language in a cookie for a year. */
export async function setLocale(locale: 'vi' | 'en'): Promise<void> {
  ;(await cookies()).set('locale', z.enum(['vi', 'en']).parse(locale), keep)
}
