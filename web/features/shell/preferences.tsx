'use client'
import { RadioGroup } from '../../ui/radio-group.tsx'
import type { PreferenceActions, ThemeChoice } from './preference-types.ts'
import { usePreferences } from './use-preferences.ts'

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
