'use client'
import { useLocale, useTranslations } from 'next-intl'
import { useTransition } from 'react'
import type { LocaleChoice, PreferenceActions, ThemeChoice } from './preference-types.ts'

const themes: ThemeChoice[] = ['system', 'light', 'dark']
/** Each language is written in itself, so that its reader finds it. */
const LANGUAGES: { value: LocaleChoice; label: string }[] = [
  { value: 'vi', label: 'Tiếng Việt' },
  { value: 'en', label: 'English' },
]

/** The two choices in the form a menu or a page needs them; the theme shows at once, before the server answers. */
export function usePreferences(theme: ThemeChoice, actions: PreferenceActions) {
  const t = useTranslations('portal.preferences')
  const locale = useLocale() as LocaleChoice
  const [, start] = useTransition()
  return {
    theme: {
      label: t('theme'),
      value: theme,
      options: themes.map(value => ({ value, label: t(value) })),
      onChange: (chosen: ThemeChoice) => {
        document.documentElement.dataset.theme = chosen
        start(() => actions.setTheme(chosen))
      },
    },
    locale: {
      label: t('language'),
      value: locale,
      options: LANGUAGES,
      onChange: (chosen: LocaleChoice) => start(() => actions.setLocale(chosen)),
    },
  }
}
