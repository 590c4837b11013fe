/** Keys of the room; the help dialog lists the same ones. */
export const SHORTCUTS = ['m', 'v', 'h', 'c', 'p', 'l', '?'] as const
export type Shortcut = (typeof SHORTCUTS)[number]

/** Where letters find an entry or answer a question: there they must not open the microphone behind. */
const LETTERS_OF_THEIR_OWN = '[role="menu"],[role="listbox"],[role="dialog"],[role="alertdialog"]'

/** True when the key belongs to the page: nothing is being typed, no menu or dialog is open under it, and no modifier is held. */
export function isShortcutTarget(event: {
  target: EventTarget | null
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  isComposing?: boolean
}): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false
  const target = event.target as {
    tagName?: string
    isContentEditable?: boolean
    closest?: (selector: string) => unknown
  } | null
  if (target?.closest?.(LETTERS_OF_THEIR_OWN)) return false
  const tag = target?.tagName?.toUpperCase() ?? ''
  return !['INPUT', 'TEXTAREA', 'SELECT'].includes(tag) && !target?.isContentEditable
}
