import { useLocale, useTimeZone, useTranslations } from 'next-intl'
import { useMemo } from 'react'
import { createFormats, type Formats } from './lib/formats.ts'

/** The zone of the whole installation unless next-intl is told another (setting TIME_ZONE). */
export const DEFAULT_TIME_ZONE = 'Asia/Ho_Chi_Minh'

/** Times, durations and numbers in the reader's language. "Today" is judged when the component is first drawn. */
export function useFormats(): Formats {
  const t = useTranslations('common.time')
  const locale = useLocale()
  const timeZone = useTimeZone() ?? DEFAULT_TIME_ZONE
  return useMemo(
    () => createFormats(locale, timeZone, new Date(), (key, values) => t(key, values)),
    [locale, timeZone, t],
  )
}
