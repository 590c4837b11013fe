import { randomId } from './random-id.ts'

/** What this browser remembers between meetings; never more than the person typed or chose here. */
export interface SavedSettings {
  /** Keeps a guest's or viewer's identity after a reload. */
  deviceId: string
  name: string
  unit: string
  isMicrophoneOn: boolean
  isCameraOn: boolean
  microphoneId: string
  cameraId: string
  speakerId: string
  /** Sends and receives smaller pictures, for thin links and old machines. */
  savesData: boolean
  layout: 'gallery' | 'speaker'
}

const KEY = 'diemcau.settings'

const fresh = (): SavedSettings => ({
  deviceId: randomId(),
  name: '',
  unit: '',
  isMicrophoneOn: true,
  isCameraOn: true,
  microphoneId: '',
  cameraId: '',
  speakerId: '',
  savesData: false,
  layout: 'gallery',
})

/** Reads what is stored, and keeps only fields of the right type: the user or an older version may have changed it. */
export function loadSettings(): SavedSettings {
  const settings = fresh()
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    if (stored === null || typeof stored !== 'object') return settings
    for (const key of Object.keys(settings) as (keyof SavedSettings)[]) {
      const value = (stored as Record<string, unknown>)[key]
      if (typeof value === typeof settings[key]) Object.assign(settings, { [key]: value })
    }
  } catch {
    // Storage may be forbidden or damaged: everything works without it, only nothing is remembered.
  }
  saveSettings(settings)
  return settings
}

export function saveSettings(settings: SavedSettings): void {
  write(KEY, JSON.stringify(settings))
}

/** A guest's choice of hall and passcode in one meeting. */
export interface SavedJoin {
  endpointId: string
  passcode: string
}

export function loadJoin(code: string): SavedJoin {
  try {
    const stored = JSON.parse(localStorage.getItem(`diemcau.join.${code}`) ?? '{}') as Partial<SavedJoin>
    return { endpointId: String(stored.endpointId ?? ''), passcode: String(stored.passcode ?? '') }
  } catch {
    return { endpointId: '', passcode: '' }
  }
}

export const saveJoin = (code: string, join: SavedJoin): void =>
  write(`diemcau.join.${code}`, JSON.stringify(join))

/** After this a hall that was switched off does not go back into a meeting by itself, ms. */
const INSIDE_FOR_MS = 12 * 3_600_000

/** Whether this device was in the meeting for a hall and has not left it, or asked to go back: after a reload it does so by itself. */
export function wasInside(code: string, now: number): boolean {
  try {
    const since = Number(localStorage.getItem(`diemcau.inside.${code}`) ?? Number.NaN)
    return now - since < INSIDE_FOR_MS && now >= since
  } catch {
    return false
  }
}

/** Remembers since when (ms) this device is in the meeting for a hall or wants to be back in it; null when it is no longer. */
export function saveInside(code: string, since: number | null): void {
  const key = `diemcau.inside.${code}`
  try {
    if (since === null) localStorage.removeItem(key)
    else localStorage.setItem(key, String(since))
  } catch {
    // See loadSettings.
  }
}

/** Text typed and not sent yet, per meeting and field. */
export function loadDraft(code: string, field: 'chat' | 'question'): string {
  try {
    return localStorage.getItem(`diemcau.draft.${field}.${code}`) ?? ''
  } catch {
    return ''
  }
}

export function saveDraft(code: string, field: 'chat' | 'question', text: string): void {
  const key = `diemcau.draft.${field}.${code}`
  try {
    if (text) localStorage.setItem(key, text)
    else localStorage.removeItem(key)
  } catch {
    // See loadSettings.
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // See loadSettings.
  }
}
