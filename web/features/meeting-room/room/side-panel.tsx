'use client'
import { X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useTranslations } from 'next-intl'
import { useEffect, useRef } from 'react'
import { Tabs } from '../../../ui/tabs.tsx'
import { ChatPanel } from './chat-panel.tsx'
import { InfoPanel } from './info-panel.tsx'
import { useFloor } from './meeting-context.tsx'
import { PeoplePanel } from './people-panel.tsx'
import { QuestionsPanel } from './questions-panel.tsx'

// Loaded when it is opened: most who are in a meeting never do.
const SpeakingPanel = dynamic(() =>
  import('./speaking/speaking-panel.tsx').then(loaded => loaded.SpeakingPanel),
)

export type PanelName = 'speaking' | 'people' | 'chat' | 'questions' | 'info'

/** The one panel beside the stage; on phones it covers the stage until it is closed. */
export function SidePanel({
  panel,
  unread,
  onPanel,
  onClose,
}: {
  panel: PanelName
  unread: { chat: number; questions: number }
  onPanel: (panel: PanelName) => void
  onClose: () => void
}) {
  const t = useTranslations('room.panel')
  const floor = useFloor()
  const element = useRef<HTMLElement>(null)

  // Whoever opened the panel wants to be in it; closing gives the focus back to the page.
  useEffect(() => {
    const before = document.activeElement
    element.current?.focus({ preventScroll: true })
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])

  return (
    <aside
      ref={element}
      tabIndex={-1}
      aria-label={t('label')}
      data-testid="side-panel"
      data-panel={panel}
      onKeyDown={event => {
        if (event.key === 'Escape') onClose()
      }}
      className="flex min-h-0 flex-col bg-surface text-text outline-none max-lg:absolute max-lg:inset-0 max-lg:z-20 lg:w-[27rem] lg:rounded-lg"
    >
      <div className="relative flex min-h-0 flex-1 flex-col">
        <button
          type="button"
          data-testid="close-panel"
          aria-label={t('close')}
          onClick={onClose}
          className="absolute top-0 right-0 z-10 flex size-11 items-center justify-center rounded-md bg-surface text-text hover:bg-sunken"
        >
          <X aria-hidden className="size-5" />
        </button>
        <Tabs
          fill
          label={t('label')}
          value={panel}
          onChange={value => onPanel(value as PanelName)}
          className="[&_[role=tab]]:px-1.5 sm:[&_[role=tab]]:px-2 [&_[role=tab]]:text-sm [&_[role=tablist]]:pr-11"
          tabs={[
            {
              value: 'speaking',
              label: t('speaking'),
              content: <SpeakingPanel />,
            },
            { value: 'people', label: t('people'), content: <PeoplePanel /> },
            { value: 'chat', label: t('chat'), count: unread.chat, content: <ChatPanel /> },
            {
              value: 'questions',
              label: t('questions'),
              count: floor.questions.filter(question => question.status === 'open').length,
              content: <QuestionsPanel />,
            },
            { value: 'info', label: t('info'), content: <InfoPanel /> },
          ]}
        />
      </div>
    </aside>
  )
}
