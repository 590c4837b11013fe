import { describe, expect, it } from 'vitest'
import { isShortcutTarget } from './shortcuts.ts'

describe('shortcuts', () => {
  const key = {
    target: { tagName: 'DIV' } as unknown as EventTarget,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
  }

  it('are not for letters that look for an entry of a menu or answer a dialog', () => {
    const inside = (role: string) =>
      ({ tagName: 'DIV', closest: (selector: string) => selector.includes(`"${role}"`) || null }) as never
    expect(isShortcutTarget({ ...key, target: inside('menu') })).toBe(false)
    expect(isShortcutTarget({ ...key, target: inside('dialog') })).toBe(false)
    expect(isShortcutTarget({ ...key, target: inside('toolbar') })).toBe(true)
  })

  it('work on the page but not while typing or with a modifier', () => {
    expect(isShortcutTarget(key)).toBe(true)
    expect(isShortcutTarget({ ...key, ctrlKey: true })).toBe(false)
    expect(isShortcutTarget({ ...key, target: { tagName: 'TEXTAREA' } as unknown as EventTarget })).toBe(
      false,
    )
    expect(isShortcutTarget({ ...key, target: { isContentEditable: true } as unknown as EventTarget })).toBe(
      false,
    )
  })
})
