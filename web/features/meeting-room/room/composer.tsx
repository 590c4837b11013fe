'use client'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { loadDraft, saveDraft } from '../../../live/saved-settings.ts'
import { Button } from '../../../ui/button.tsx'
import { controlStyles } from '../../../ui/input.tsx'
import { cx } from '../../../ui/lib/cx.ts'

const MAX_LENGTH = 2000

/** A field to write in and a button to send; what is typed survives a reload. Enter sends, Shift+Enter breaks the line. */
export function Composer({
  field,
  code,
  label,
  sendLabel,
  icon,
  onSend,
}: {
  field: 'chat' | 'question'
  code: string
  label: string
  sendLabel: string
  icon: ReactNode
  onSend: (text: string) => void
}) {
  const [text, setText] = useState(() => loadDraft(code, field))
  const change = (next: string) => {
    setText(next)
    saveDraft(code, field, next)
  }
  const send = () => {
    const trimmed = text.trim()
    if (!trimmed) return
    change('')
    onSend(trimmed)
  }
  const handleKey = (event: KeyboardEvent) => {
    // While a Vietnamese input method composes, Enter belongs to it.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <div className="flex items-end gap-2 border-t border-line p-3">
      <textarea
        data-testid={`${field}-input`}
        aria-label={label}
        placeholder={label}
        rows={1}
        maxLength={MAX_LENGTH}
        value={text}
        onChange={event => change(event.target.value)}
        onKeyDown={handleKey}
        className={cx(controlStyles, 'field-sizing-content max-h-40 resize-none')}
      />
      <Button
        variant="primary"
        data-testid={`${field}-send`}
        aria-label={sendLabel}
        title={sendLabel}
        className="w-12 px-0"
        disabled={text.trim() === ''}
        onClick={send}
      >
        {icon}
      </Button>
    </div>
  )
}
