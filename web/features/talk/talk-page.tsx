'use client'
import type { ChatMessage, Question } from '@diemcau/core/contracts/floor.ts'
import type { MeetingTalk } from '@diemcau/core/contracts/talk.ts'
import { search } from '@diemcau/core/text/fold.ts'
import { CircleHelp, MessageSquare } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useState } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { ExportHeader } from '../../ui/export-header.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

/** What voters and delegates wrote, kept after the meeting: to be answered, to be filed. */
export function TalkPage({ talk, meetingCode }: { talk: MeetingTalk; meetingCode: string }) {
  const t = useTranslations('portal.talk')
  const format = useFormats()
  const [tab, setTab] = useState(talk.questions.length > 0 || talk.chat.length === 0 ? 'questions' : 'chat')
  const [query, setQuery] = useState('')
  useRefresh(talk.live, 10_000)
  const found = <T extends Question | ChatMessage>(list: T[]) =>
    search(list, query, one => `${one.name} ${one.text}`)
  const questions = found(talk.questions)
  const chat = found(talk.chat)
  return (
    <>
      <ExportHeader
        back={{ href: `/meetings/${talk.meetingId}`, label: talk.title }}
        title={t('title')}
        isLive={talk.live}
        href={`/api/meetings/${meetingCode}/talk`}
        texts={{ live: t('live'), xlsx: t('xlsx'), csv: t('csv') }}
      >
        <span className="tabular">{format.range(talk.startsAt, talk.endsAt)}</span>
      </ExportHeader>
      <div className="mb-4 max-w-md">
        <SearchInput value={query} onValue={setQuery} label={t('search')} />
      </div>
      <Tabs
        label={t('title')}
        value={tab}
        onChange={setTab}
        tabs={[
          {
            value: 'questions',
            label: t('questions', { count: talk.questions.length }),
            content: (
              <Lines
                empty={<Nothing icon={<CircleHelp aria-hidden />} isSearch={query !== ''} kind="questions" />}
              >
                {questions.map(question => (
                  <Line key={question.id} entry={question} status={question.status} />
                ))}
              </Lines>
            ),
          },
          {
            value: 'chat',
            label: t('chat', { count: talk.chat.length }),
            content: (
              <Lines
                empty={<Nothing icon={<MessageSquare aria-hidden />} isSearch={query !== ''} kind="chat" />}
              >
                {chat.map(message => (
                  <Line key={message.id} entry={message} />
                ))}
              </Lines>
            ),
          },
        ]}
      />
    </>
  )
}

const Lines = ({ children, empty }: { children: ReactNode[]; empty: ReactNode }) =>
  children.length === 0 ? (
    empty
  ) : (
    <ul className="divide-y divide-line rounded-md border border-line bg-surface">{children}</ul>
  )

function Nothing({
  icon,
  isSearch,
  kind,
}: {
  icon: ReactNode
  isSearch: boolean
  kind: 'questions' | 'chat'
}) {
  const t = useTranslations('portal.talk')
  return <EmptyState icon={icon} title={isSearch ? t('noneFound') : t(`none.${kind}`)} />
}

function Line({ entry, status }: { entry: Question | ChatMessage; status?: Question['status'] }) {
  const t = useTranslations('portal.talk')
  const format = useFormats()
  return (
    <li data-testid="talk-line" className="px-4 py-3">
      <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <bdi className="font-semibold">{entry.name || t('nameless')}</bdi>
        <time dateTime={entry.at} className="tabular text-sm text-muted">
          {format.dayTime(entry.at)}
        </time>
        {status && (
          <Badge tone={status === 'answered' ? 'ok' : status === 'open' ? 'warn' : 'neutral'}>
            {t(`status.${status}`)}
          </Badge>
        )}
      </p>
      <p className="mt-1 max-w-prose [overflow-wrap:anywhere] whitespace-pre-wrap">
        <bdi>{entry.text}</bdi>
      </p>
    </li>
  )
}
