'use client'
import {
  type ComponentType,
  cloneElement,
  type KeyboardEvent,
  lazy,
  type ReactElement,
  Suspense,
  useState,
} from 'react'

interface TriggerProps {
  'aria-haspopup'?: 'menu'
  'aria-expanded'?: boolean
  onPointerEnter?: () => void
  onFocus?: () => void
  onClick?: () => void
  onKeyDown?: (event: KeyboardEvent) => void
}

/** What a menu made by `lazyMenu` draws itself with, once it is there: opened at once, by the same trigger. */
export interface LoadedMenuProps {
  trigger: ReactElement<TriggerProps>
  defaultOpen: boolean
}

/**
 * A menu whose code is loaded when somebody is about to open it. Menus stand on every page and are seldom opened; their part
 * of the script is a fifth of a small page's. Until then the trigger is a plain button that says it opens a menu.
 */
export function lazyMenu<Props extends object>(
  load: () => Promise<ComponentType<Props & LoadedMenuProps>>,
): ComponentType<Props & { trigger: ReactElement<TriggerProps> }> {
  let loading: Promise<{ default: ComponentType<Props & LoadedMenuProps> }> | undefined
  const preload = () => {
    loading ??= load().then(loaded => ({ default: loaded }))
    return loading
  }
  const Loaded = lazy(preload) as unknown as ComponentType<Props & LoadedMenuProps>

  return function LazyMenu({ trigger, ...props }) {
    const [isAsked, setAsked] = useState(false)
    const closed = cloneElement(trigger, {
      'aria-haspopup': 'menu',
      'aria-expanded': false,
      onPointerEnter: () => void preload(),
      onFocus: () => void preload(),
      onClick: () => setAsked(true),
      onKeyDown: event => {
        if (event.key !== 'ArrowDown') return
        event.preventDefault()
        setAsked(true)
      },
    })
    if (!isAsked) return closed
    return (
      <Suspense fallback={closed}>
        <Loaded {...(props as unknown as Props)} trigger={trigger} defaultOpen />
      </Suspense>
    )
  }
}
