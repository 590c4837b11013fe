/** Keys of the room; the help dialog lists the same ones. */
export const SHORTCUTS = ['m', 'v', 'h', 'c', 'p', '?'] as const
export type Shortcut = (typeof SHORTCUTS)[number]

/** True when the key belongs to the page: nothing is being typed and no modifier is held. */
export function isShortcutTarget(event: {
  target: EventTarget | null
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  isComposing?: boolean
}): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false
  const target = event.target as { tagName?: string; isContentEditable?: boolean } | null
  const tag = target?.tagName?.toUpperCase() ?? ''
  return !['INPUT', 'TEXTAREA', 'SELECT'].includes(tag) && !target?.isContentEditable
}
