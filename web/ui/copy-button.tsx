'use client'
import { Check, Copy } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { Button, type ButtonProps } from './button.tsx'
import { copyText } from './lib/copy-text.ts'

/** Copies `text` and says so in place for two seconds. */
export function CopyButton({ text, children, ...rest }: ButtonProps & { text: string }) {
  const t = useTranslations('common.ui')
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [isCopied])
  return (
    <Button
      {...rest}
      icon={isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
      onClick={async () => setCopied(await copyText(text))}
    >
      <span aria-live="polite">{isCopied ? t('copied') : children}</span>
    </Button>
  )
}
