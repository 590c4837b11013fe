'use client'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { useEffect, useRef, useState, useTransition } from 'react'
import { SearchInput } from './input.tsx'

/**
 * A search box whose words live in the address (`?q=`), so that the filtered list can be kept and sent. Waits 250 ms
 * after the last stroke before it asks the server.
 */
export function UrlSearch({ label, className }: { label: string; className?: string }) {
  const router = useRouter()
  const pathname = usePathname()
  const parameters = useSearchParams()
  const [value, setValue] = useState(parameters.get('q') ?? '')
  const [isPending, start] = useTransition()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  const handleValue = (text: string) => {
    setValue(text)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      const next = new URLSearchParams(parameters)
      if (text.trim()) next.set('q', text.trim())
      else next.delete('q')
      start(() => router.replace(`${pathname}?${next}`, { scroll: false }))
    }, 250)
  }
  return (
    <search aria-busy={isPending} className={className}>
      <SearchInput label={label} value={value} onValue={handleValue} />
    </search>
  )
}
