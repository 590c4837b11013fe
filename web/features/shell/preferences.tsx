'use client'
import { Languages, SunMoon } from 'lucide-react'
import { useLocale, useTranslations } from 'next-intl'
import { useTransition } from 'react'
import { Button } from '../../ui/button.tsx'
import { Menu, MenuChoice } from '../../ui/menu.tsx'
import { RadioGroup } from '../../ui/radio-group.tsx'

export type ThemeChoice = 'system' | 'light' | 'dark'
export type LocaleChoice = 'vi' | 'en'

/** Server actions that write the cookies `theme` and `locale`. */
export interface PreferenceActions {
  setTheme: (theme: ThemeChoice) => Promise<void>
  setLocale: (locale: LocaleChoice) => Promise<void>
}

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

/** Both choices inside a menu. */
export function PreferenceMenuItems({ theme, actions }: { theme: ThemeChoice; actions: PreferenceActions }) {
  const preferences = usePreferences(theme, actions)
  return (
    <>
      <MenuChoice {...preferences.locale} />
      <MenuChoice {...preferences.theme} />
    </>
  )
}

/** Both choices as two small menus, for pages outside the frame. */
export function PreferenceBar({ theme, actions }: { theme: ThemeChoice; actions: PreferenceActions }) {
  const preferences = usePreferences(theme, actions)
  const current = LANGUAGES.find(language => language.value === preferences.locale.value)
  return (
    <>
      <Menu
        side="top"
        align="center"
        trigger={
          <Button variant="plain" icon={<Languages aria-hidden />}>
            {current?.label}
          </Button>
        }
      >
        <MenuChoice {...preferences.locale} />
      </Menu>
      <Menu
        side="top"
        align="center"
        trigger={
          <Button variant="plain" icon={<SunMoon aria-hidden />}>
            {preferences.theme.label}
          </Button>
        }
      >
        <MenuChoice {...preferences.theme} />
      </Menu>
    </>
  )
}

/** Both choices on a page. */
export function PreferenceFields({ theme, actions }: { theme: ThemeChoice; actions: PreferenceActions }) {
  const preferences = usePreferences(theme, actions)
  return (
    <div className="grid max-w-xl gap-6">
      <div>
        <p className="mb-2 font-medium">{preferences.locale.label}</p>
        <RadioGroup layout="row" {...preferences.locale} />
      </div>
      <div>
        <p className="mb-2 font-medium">{preferences.theme.label}</p>
        <RadioGroup layout="row" {...preferences.theme} />
      </div>
    </div>
  )
}
