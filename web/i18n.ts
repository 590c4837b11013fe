import { cookies } from 'next/headers'
import { getRequestConfig } from 'next-intl/server'
import { readTimeZone } from './server/config.ts'

/** Languages of the interface; the first one is used where the browser has no cookie yet. */
export const locales = ['vi', 'en'] as const
export type Locale = (typeof locales)[number]
export const defaultLocale: Locale = 'vi'

/** The locale lives in the cookie `locale`, never in the path, so that a link sent by mail is the same for all. */
export default getRequestConfig(async () => {
  const chosen = (await cookies()).get('locale')?.value
  const locale = locales.find(l => l === chosen) ?? defaultLocale
  const [common, portal, room, errors, mail] = await Promise.all([
    import(`./messages/${locale}/common.json`),
    import(`./messages/${locale}/portal.json`),
    import(`./messages/${locale}/room.json`),
    import(`./messages/${locale}/errors.json`),
    import(`./messages/${locale}/mail.json`),
  ])
  return {
    locale,
    timeZone: readTimeZone(),
    messages: {
      common: common.default,
      portal: portal.default,
      room: room.default,
      errors: errors.default,
      mail: mail.default,
    },
  }
})
