'use client'
import type { ChatMessage } from '@diemcau/core/contracts/floor.ts'
import { ArrowDown, MessageSquare, SendHorizontal } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useLayoutEffect, useRef, useState } from 'react'
import { useStore } from '../../../live/use-store.ts'
import { Button } from '../../../ui/button.tsx'
import { EmptyState } from '../../../ui/empty-state.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { Composer } from './composer.tsx'
import { useCommand, useFloor, useMeeting, useSelf } from './meeting-context.tsx'

/** Nearer than this (CSS pixels) to the end counts as reading the newest message. */
const NEAR_END = 80
/** Messages of one person within this time (ms) stand under one name. */
const GROUP_MS = 120_000

/** Messages to everyone, kept by the portal; own ones on their way are shown as such. */
export function ChatPanel() {
  const t = useTranslations('room.chat')
  const { session, meeting } = useMeeting()
  const { chat, options } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const unsent = useStore(session.floor.unsent)
  const list = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const [hasNewBelow, setHasNewBelow] = useState(false)
  const mayWrite = options.chat || self.isModerator
  const count = chat.length + unsent.length

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs for every new message.
  useLayoutEffect(() => {
    const element = list.current
    if (!element) return
    if (isAtEnd.current) element.scrollTop = element.scrollHeight
    else setHasNewBelow(true)
  }, [count])

  const toEnd = () => {
    list.current?.scrollTo({ top: list.current.scrollHeight })
    setHasNewBelow(false)
  }
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={list}
        role="log"
        aria-label={t('label')}
        onScroll={event => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END
          if (isAtEnd.current) setHasNewBelow(false)
        }}
        className="min-h-0 flex-1 overflow-y-auto px-4 py-3"
      >
        {count === 0 && (
          <EmptyState icon={<MessageSquare aria-hidden />} title={t('empty')}>
            {t('emptyText')}
          </EmptyState>
        )}
        {chat.map((message, index) => (
          <Message
            key={message.id}
            message={message}
            before={chat[index - 1]}
            isOwn={message.identity === self.identity}
          />
        ))}
        {unsent.map(entry => (
          <div key={entry.commandId} data-testid="chat-unsent" className="mt-3 opacity-75">
            <p className="text-sm text-muted">{t('sending')}</p>
            <p className="whitespace-pre-wrap">{entry.text}</p>
          </div>
        ))}
      </div>
      {hasNewBelow && (
        <Button
          size="sm"
          className="absolute bottom-24 left-1/2 -translate-x-1/2 shadow-pop"
          icon={<ArrowDown aria-hidden />}
          onClick={toEnd}
        >
          {t('newBelow')}
        </Button>
      )}
      {mayWrite ? (
        <Composer
          field="chat"
          code={meeting.code}
          label={t('placeholder')}
          sendLabel={t('send')}
          icon={<SendHorizontal aria-hidden />}
          onSend={text => {
            isAtEnd.current = true
            void command({ type: 'chat_send', text })
          }}
        />
      ) : (
        <p className="border-t border-line p-4 text-muted">{t('closed')}</p>
      )}
    </div>
  )
}

function Message({
  message,
  before,
  isOwn,
}: {
  message: ChatMessage
  before: ChatMessage | undefined
  isOwn: boolean
}) {
  const t = useTranslations('room.chat')
  const formats = useFormats()
  const isContinued =
    before?.identity === message.identity && Date.parse(message.at) - Date.parse(before.at) < GROUP_MS
  return (
    <div
      data-testid="chat-message"
      data-identity={message.identity}
      className={isContinued ? 'mt-1' : 'mt-3'}
    >
      {!isContinued && (
        <p className="flex flex-wrap items-baseline gap-x-2">
          <bdi className="font-semibold">{isOwn ? t('you') : message.name}</bdi>
          <time dateTime={message.at} className="text-sm text-muted">
            {formats.time(message.at)}
          </time>
        </p>
      )}
      <p className="[overflow-wrap:anywhere] whitespace-pre-wrap">{message.text}</p>
    </div>
  )
}
