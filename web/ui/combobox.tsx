'use client'
import { search } from '@diemcau/core/text/fold.ts'
import { Check, ChevronDown, X } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { Popover } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useId, useMemo, useRef, useState } from 'react'
import { useFieldControl } from './field.tsx'
import { controlStyles } from './input.tsx'
import { cx } from './lib/cx.ts'

export interface ComboboxOption {
  value: string
  label: string
  /** Second line: unit of a hall, address of a person. Searched as well. */
  detail?: string
  disabled?: boolean
}

interface CommonProps {
  options: ComboboxOption[]
  placeholder?: string
  id?: string
  disabled?: boolean
  className?: string
}

/** At most this many options are drawn; typing one more letter is faster than scrolling further. */
const SHOWN = 60

/** One of many, found by typing with or without accents. An empty choice is allowed when `clearable`. */
export function Combobox({
  options,
  value,
  onChange,
  clearable = false,
  ...rest
}: CommonProps & { value: string | null; onChange: (value: string | null) => void; clearable?: boolean }) {
  const chosen = options.find(option => option.value === value) ?? null
  return (
    <ComboboxBase
      {...rest}
      options={options}
      isChosen={option => option.value === value}
      restText={chosen?.label ?? ''}
      closesOnChoice
      onChoose={option => onChange(option.value)}
      onClear={clearable && chosen ? () => onChange(null) : undefined}
    />
  )
}

/** Several of many. The list stays open while choosing; what is chosen is shown by the caller or `chosenList`. */
export function MultiCombobox({
  options,
  values,
  onChange,
  ...rest
}: CommonProps & { values: readonly string[]; onChange: (values: string[]) => void }) {
  const chosen = useMemo(() => new Set(values), [values])
  return (
    <ComboboxBase
      {...rest}
      options={options}
      isChosen={option => chosen.has(option.value)}
      restText=""
      closesOnChoice={false}
      onChoose={option =>
        onChange(
          chosen.has(option.value) ? values.filter(v => v !== option.value) : [...values, option.value],
        )
      }
      onRemoveLast={() => onChange(values.slice(0, -1))}
      onClear={undefined}
    />
  )
}

function ComboboxBase({
  options,
  placeholder,
  id,
  disabled,
  className,
  isChosen,
  restText,
  closesOnChoice,
  onChoose,
  onClear,
  onRemoveLast,
}: CommonProps & {
  isChosen: (option: ComboboxOption) => boolean
  /** What the box shows while nobody types. */
  restText: string
  closesOnChoice: boolean
  onChoose: (option: ComboboxOption) => void
  onClear: (() => void) | undefined
  onRemoveLast?: () => void
}) {
  const t = useTranslations('common.ui')
  const control = useFieldControl({ id })
  const listId = useId()
  const input = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [isOpen, setOpen] = useState(false)
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)

  const found = useMemo(
    () => search(options, query, option => `${option.label} ${option.detail ?? ''}`),
    [options, query],
  )
  const shown = found.slice(0, SHOWN)

  const open = () => {
    if (disabled || isOpen) return
    setOpen(true)
    setActive(Math.max(0, shown.findIndex(isChosen)))
  }
  const close = () => {
    setOpen(false)
    setQuery('')
  }
  const choose = (option: ComboboxOption | undefined) => {
    if (!option || option.disabled) return
    onChoose(option)
    setQuery('')
    if (closesOnChoice) close()
    else input.current?.focus()
  }
  const moveTo = (index: number) => {
    setActive(index)
    list.current?.children[index]?.scrollIntoView({ block: 'nearest' })
  }
  const handleKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!isOpen) return open()
      const step = event.key === 'ArrowDown' ? 1 : -1
      moveTo((active + step + shown.length) % Math.max(1, shown.length))
    } else if (event.key === 'Enter') {
      if (isOpen) {
        // Enter chooses; it must not send the form while the list is open.
        event.preventDefault()
        choose(shown[active])
      }
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (event.key === 'Backspace' && query === '' && onRemoveLast) onRemoveLast()
    else if (event.key === 'Tab') close()
  }

  return (
    <Popover.Root open={isOpen} onOpenChange={next => (next ? open() : close())}>
      <Popover.Anchor asChild>
        <div className={cx('relative', className)}>
          <input
            {...control}
            ref={input}
            role="combobox"
            aria-expanded={isOpen}
            aria-controls={listId}
            aria-autocomplete="list"
            aria-activedescendant={isOpen && shown[active] ? `${listId}-${active}` : undefined}
            autoComplete="off"
            spellCheck={false}
            disabled={disabled}
            placeholder={isOpen && restText ? restText : placeholder}
            value={isOpen ? query : restText}
            onChange={event => {
              setQuery(event.target.value)
              setActive(0)
              setOpen(true)
            }}
            onClick={open}
            onKeyDown={handleKey}
            className={cx(controlStyles, 'pr-20 text-ellipsis')}
          />
          <div className="absolute inset-y-0 right-0 flex items-center">
            {onClear && !isOpen && (
              <button
                type="button"
                aria-label={t('clear')}
                onClick={onClear}
                className="flex h-full w-9 items-center justify-center text-muted hover:text-text"
              >
                <X aria-hidden className="size-4" />
              </button>
            )}
            <button
              type="button"
              tabIndex={-1}
              aria-label={t('openList')}
              disabled={disabled}
              onClick={() => {
                if (isOpen) close()
                else {
                  input.current?.focus()
                  open()
                }
              }}
              className="flex h-full w-10 items-center justify-center text-muted"
            >
              <ChevronDown aria-hidden className="size-4" />
            </button>
          </div>
        </div>
      </Popover.Anchor>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          onOpenAutoFocus={event => event.preventDefault()}
          onCloseAutoFocus={event => event.preventDefault()}
          onInteractOutside={event => {
            if (input.current?.parentElement?.contains(event.target as Node)) event.preventDefault()
          }}
          className="z-50 max-h-80 w-(--radix-popover-trigger-width) animate-fade overflow-y-auto rounded-md border border-line bg-raised p-1 shadow-pop"
        >
          <div role="listbox" id={listId} ref={list} aria-multiselectable={!closesOnChoice}>
            {shown.map((option, index) => (
              <ComboboxItem
                key={option.value}
                id={`${listId}-${index}`}
                option={option}
                isActive={index === active}
                isChosen={isChosen(option)}
                onPoint={() => setActive(index)}
                onChoose={() => choose(option)}
              />
            ))}
          </div>
          {found.length === 0 && <p className="px-3 py-2.5 text-muted">{t('nothingFound', { query })}</p>}
          {found.length > SHOWN && (
            <p className="border-t border-line px-3 py-2 text-sm text-muted">
              {t('moreFound', { count: found.length - SHOWN })}
            </p>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function ComboboxItem({
  id,
  option,
  isActive,
  isChosen,
  onPoint,
  onChoose,
}: {
  id: string
  option: ComboboxOption
  isActive: boolean
  isChosen: boolean
  onPoint: () => void
  onChoose: () => void
}) {
  return (
    // The keyboard stays in the text box (aria-activedescendant); the row itself is never focused.
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-disabled={option.disabled || undefined}
      onPointerMove={onPoint}
      onPointerDown={event => event.preventDefault()}
      onClick={onChoose}
      onKeyDown={undefined}
      className={cx(
        'flex min-h-11 cursor-pointer items-start gap-2 rounded-sm px-3 py-2 aria-disabled:cursor-not-allowed aria-disabled:opacity-50',
        isActive && 'bg-accent-soft',
      )}
    >
      <Check aria-hidden className={cx('mt-1 size-4 shrink-0 text-accent', !isChosen && 'invisible')} />
      <OptionText label={option.label} detail={option.detail} />
    </div>
  )
}

const OptionText = ({ label, detail }: { label: ReactNode; detail: ReactNode }) => (
  <span className="min-w-0">
    <span className="block">{label}</span>
    {detail && <span className="block text-sm text-muted">{detail}</span>}
  </span>
)
