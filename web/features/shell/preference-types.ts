export type ThemeChoice = 'system' | 'light' | 'dark'
export type LocaleChoice = 'vi' | 'en'

/** Server actions that write the cookies `theme` and `locale`. */
export interface PreferenceActions {
  setTheme: (theme: ThemeChoice) => Promise<void>
  setLocale: (locale: LocaleChoice) => Promise<void>
}
