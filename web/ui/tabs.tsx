'use client'
import { Tabs as RadixTabs } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from './lib/cx.ts'

export interface Tab {
  value: string
  label: ReactNode
  /** A count beside the label, such as unread messages. */
  count?: number
  content: ReactNode
}

/** Parts of one page of which one is seen at a time. `fill` lets the content take the height that is left. */
export function Tabs({
  tabs,
  value,
  onChange,
  defaultValue,
  label,
  fill = false,
  className,
}: {
  tabs: Tab[]
  value?: string
  onChange?: (value: string) => void
  defaultValue?: string
  /** Names the set of tabs for screen readers. */
  label: string
  fill?: boolean
  className?: string
}) {
  return (
    <RadixTabs.Root
      value={value}
      defaultValue={defaultValue ?? tabs[0]?.value}
      onValueChange={onChange}
      className={cx(fill && 'flex min-h-0 flex-1 flex-col', className)}
    >
      <RadixTabs.List aria-label={label} className="flex shrink-0 flex-wrap gap-1 border-b border-line">
        {tabs.map(tab => (
          <RadixTabs.Trigger key={tab.value} value={tab.value} className={tabStyles}>
            {tab.label}
            {tab.count ? <TabCount count={tab.count} /> : null}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      {tabs.map(tab => (
        <RadixTabs.Content
          key={tab.value}
          value={tab.value}
          className={cx(fill && 'min-h-0 flex-1 data-[state=active]:flex data-[state=active]:flex-col')}
        >
          {tab.content}
        </RadixTabs.Content>
      ))}
    </RadixTabs.Root>
  )
}

/** Shared with navigation that looks like tabs but goes to addresses (`LinkTabs`). */
export const tabStyles =
  'inline-flex min-h-11 shrink-0 items-center gap-2 border-b-[3px] border-transparent px-3 text-base whitespace-nowrap text-muted hover:text-text data-[state=active]:border-accent data-[state=active]:font-semibold data-[state=active]:text-text'

export const TabCount = ({ count }: { count: number }) => (
  <span className="tabular min-w-5 rounded-full bg-sunken px-1.5 text-center text-sm font-medium text-text">
    {count}
  </span>
)
