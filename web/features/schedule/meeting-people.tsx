'use client'
import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { search } from '../../ui/lib/fold.ts'
import { Table } from '../../ui/table.tsx'
import { useFormats } from '../../ui/use-formats.ts'

const SEARCH_FROM = 12

/** The halls that take part, in the order of protocol. */
export function EndpointList({ endpoints }: { endpoints: MeetingDetail['endpoints'] }) {
  const t = useTranslations('portal.meeting')
  const [query, setQuery] = useState('')
  const ordered = [...endpoints].sort((a, b) => a.order - b.order)
  const numbered = ordered.map((endpoint, index) => ({ ...endpoint, number: index + 1 }))
  const shown = search(numbered, query, endpoint => `${endpoint.hall} ${endpoint.unit}`)
  return (
    <>
      {endpoints.length > SEARCH_FROM && (
        <SearchInput label={t('searchEndpoints')} value={query} onValue={setQuery} className="mb-3 sm:w-80" />
      )}
      <Table
        label={t('endpoints', { count: endpoints.length })}
        rows={shown}
        rowKey={endpoint => endpoint.id}
        columns={[
          {
            id: 'number',
            head: t('number'),
            className: 'tabular w-16 text-muted',
            sortBy: endpoint => endpoint.number,
            cell: endpoint => endpoint.number,
          },
          { id: 'hall', head: t('hall'), sortBy: endpoint => endpoint.hall, cell: endpoint => endpoint.hall },
          { id: 'unit', head: t('unit'), sortBy: endpoint => endpoint.unit, cell: endpoint => endpoint.unit },
        ]}
        compact={endpoint => (
          <p className="flex gap-3">
            <span className="tabular w-6 shrink-0 text-muted">{endpoint.number}</span>
            <span>
              {endpoint.hall} <span className="block text-sm text-muted">{endpoint.unit}</span>
            </span>
          </p>
        )}
        empty={<EmptyState title={query ? t('noneFound', { query }) : t('noEndpoints')} />}
      />
    </>
  )
}

/** Who was invited, and whether their invitation has gone out. */
export function InviteeList({ invitees }: { invitees: MeetingDetail['invitees'] }) {
  const t = useTranslations('portal.meeting')
  const format = useFormats()
  const [query, setQuery] = useState('')
  const shown = search(invitees, query, invitee => `${invitee.name} ${invitee.email}`)
  const sent = (at: string | null) =>
    at ? (
      <span className="tabular text-sm text-muted">{t('sentAt', { when: format.inSentence(at) })}</span>
    ) : (
      <Badge>{t('notSent')}</Badge>
    )
  return (
    <>
      {invitees.length > SEARCH_FROM && (
        <SearchInput label={t('searchInvitees')} value={query} onValue={setQuery} className="mb-3 sm:w-80" />
      )}
      <Table
        label={t('invitees', { count: invitees.length })}
        rows={shown}
        rowKey={invitee => invitee.email}
        columns={[
          {
            id: 'name',
            head: t('name'),
            sortBy: invitee => invitee.name || invitee.email,
            cell: invitee => invitee.name || invitee.email,
          },
          {
            id: 'email',
            head: t('email'),
            from: 'md',
            className: 'break-all text-muted',
            cell: invitee => invitee.email,
          },
          {
            id: 'sent',
            head: t('invitation'),
            align: 'end',
            sortBy: invitee => invitee.sentAt ?? '',
            cell: invitee => sent(invitee.sentAt),
          },
        ]}
        compact={invitee => (
          <div className="flex items-center justify-between gap-3">
            <p className="min-w-0">
              {invitee.name || invitee.email}
              {invitee.name && <span className="block text-sm break-all text-muted">{invitee.email}</span>}
            </p>
            <span className="shrink-0 text-right">{sent(invitee.sentAt)}</span>
          </div>
        )}
        empty={<EmptyState title={t('noneFound', { query })} />}
      />
    </>
  )
}
