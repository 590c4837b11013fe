'use client'
import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { search } from '@diemcau/core/text/fold.ts'
import { RefreshCw } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy-button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { Table } from '../../ui/table.tsx'
import { useToast } from '../../ui/toast.tsx'

const SEARCH_FROM = 12

type Endpoint = MeetingDetail['endpoints'][number]

/** The halls that take part, in the order of protocol. */
export function EndpointList({
  endpoints,
  showsReach,
  changeCode,
}: {
  endpoints: MeetingDetail['endpoints']
  /** Says where nobody was invited, and whom to call. */
  showsReach: boolean
  /** Gives a hall another code; null when the meeting is over. */
  changeCode: ((endpointId: string) => Promise<string | undefined>) | null
}) {
  const t = useTranslations('portal.meeting')
  const [query, setQuery] = useState('')
  const [changing, setChanging] = useState<Endpoint | null>(null)
  const ordered = [...endpoints].sort((a, b) => a.order - b.order)
  const numbered = ordered.map((endpoint, index) => ({ ...endpoint, number: index + 1 }))
  const shown = search(numbered, query, endpoint => `${endpoint.hall} ${endpoint.unit}`)
  const hasCodes = endpoints.some(endpoint => endpoint.code !== '')
  const hallCode = (endpoint: Endpoint) => (
    <HallCode code={endpoint.code} change={changeCode && (() => setChanging(endpoint))} />
  )
  const reach = (endpoint: { isInvited: boolean; phone: string }) => (
    <span className="inline-flex flex-wrap items-center gap-2">
      {endpoint.phone && <a href={`tel:${endpoint.phone.replaceAll(/[^+\d]/g, '')}`}>{endpoint.phone}</a>}
      {endpoint.isInvited ? (
        <span className="text-sm text-muted">{t('hallInvited')}</span>
      ) : (
        <Badge tone="warn">{t('hallNotInvited')}</Badge>
      )}
    </span>
  )
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
          {
            id: 'hall',
            head: t('hall'),
            sortBy: endpoint => endpoint.hall,
            cell: endpoint => (
              <>
                <bdi>{endpoint.hall}</bdi>
                {hasCodes && <span className="block text-sm text-muted">{endpoint.unit}</span>}
              </>
            ),
          },
          // Beside the codes there is no room for a column of its own.
          hasCodes
            ? { id: 'code', head: t('hallCode'), cell: hallCode }
            : {
                id: 'unit',
                head: t('unit'),
                sortBy: endpoint => endpoint.unit,
                cell: endpoint => endpoint.unit,
              },
          ...(showsReach
            ? [
                {
                  id: 'reach',
                  head: t('invitation'),
                  align: 'end' as const,
                  sortBy: (endpoint: { isInvited: boolean }) => Number(endpoint.isInvited),
                  cell: reach,
                },
              ]
            : []),
        ]}
        compact={endpoint => (
          <p className="flex gap-3">
            <span className="tabular w-6 shrink-0 text-muted">{endpoint.number}</span>
            <span>
              <bdi>{endpoint.hall}</bdi> <span className="block text-sm text-muted">{endpoint.unit}</span>
              {endpoint.code && hallCode(endpoint)}
              {showsReach && reach(endpoint)}
            </span>
          </p>
        )}
        empty={<EmptyState title={query ? t('noneFound', { query }) : t('noEndpoints')} />}
      />
      {changeCode && (
        <ChangeCodeDialog endpoint={changing} onClose={() => setChanging(null)} change={changeCode} />
      )}
    </>
  )
}

/** What whoever sits in this hall types to be it; copied without the blank, changed when it went to the wrong person. */
function HallCode({ code, change }: { code: string; change: (() => void) | null }) {
  const t = useTranslations('portal.meeting')
  return (
    <span className="block" data-testid="hall-code">
      <span className="tabular block whitespace-nowrap">
        {code.slice(0, 4)} {code.slice(4)}
      </span>
      <span className="-ml-3 inline-flex items-center whitespace-nowrap">
        <CopyButton size="sm" variant="quiet" text={code}>
          {t('copyCode')}
        </CopyButton>
        {change && (
          <Button
            size="sm"
            variant="quiet"
            icon={<RefreshCw aria-hidden />}
            onClick={change}
            data-testid="change-hall-code"
          >
            {t('changeCode')}
          </Button>
        )}
      </span>
    </span>
  )
}

/** Asks before a hall's code is changed; one for the whole list, which may be of hundreds. */
function ChangeCodeDialog({
  endpoint,
  onClose,
  change,
}: {
  /** The hall asked about; null: nothing is asked. */
  endpoint: Endpoint | null
  onClose: () => void
  change: (endpointId: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.meeting')
  const toast = useToast()
  if (!endpoint) return null
  const { id, hall } = endpoint
  return (
    <ConfirmDialog
      open
      onOpenChange={isOpen => !isOpen && onClose()}
      title={t('changeCodeTitle', { hall })}
      description={t('changeCodeText')}
      confirmLabel={t('changeCode')}
      onConfirm={async () => {
        const fault = await change(id)
        if (!fault) toast({ tone: 'ok', text: t('changeCodeDone', { hall }) })
        return fault
      }}
    />
  )
}
