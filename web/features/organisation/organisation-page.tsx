'use client'
import { search } from '@diemcau/core/text/fold.ts'
import { Landmark, Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import type { ActionResult } from '../../ui/action-result.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { useToast } from '../../ui/toast.tsx'
import { HallSheet } from './hall-sheet.tsx'
import type { HallItem, HallValues, UnitItem } from './organisation-types.ts'

/** The places meetings are held in, each with the unit responsible for it. */
export function OrganisationPage({
  halls,
  units,
  saveHall,
  removeHall,
}: {
  halls: HallItem[]
  units: UnitItem[]
  saveHall: (values: HallValues) => Promise<ActionResult>
  removeHall: (hallId: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.halls')
  const router = useRouter()
  const toast = useToast()
  const [query, setQuery] = useState('')
  /** The hall being edited, `new` for one to come, null for none. */
  const [edited, setEdited] = useState<HallItem | 'new' | null>(null)
  const parentName = (unitId: string) => {
    const unit = units.find(one => one.id === unitId)
    return units.find(one => one.id === unit?.parentId)?.name ?? ''
  }
  /** The server lists by protocol: units by their order, then the halls of a unit. */
  const place = new Map(halls.map((hall, index) => [hall.id, index + 1]))
  const edit = (hall: HallItem) => (
    <Button size="sm" onClick={() => setEdited(hall)} aria-label={t('editNamed', { name: hall.name })}>
      {t('edit')}
    </Button>
  )
  const columns: Column<HallItem>[] = [
    {
      id: 'order',
      head: t('order'),
      className: 'tabular w-20 text-muted',
      sortBy: hall => place.get(hall.id) ?? 0,
      cell: hall => place.get(hall.id),
    },
    {
      id: 'name',
      head: t('name'),
      sortBy: hall => hall.name,
      cell: hall => <span className="font-medium">{hall.name}</span>,
    },
    {
      id: 'unit',
      head: t('unit'),
      sortBy: hall => hall.unitName,
      cell: hall => (
        <>
          {hall.unitName}
          <span className="block text-sm text-muted">{parentName(hall.unitId)}</span>
        </>
      ),
    },
    { id: 'address', head: t('address'), from: 'xl', className: 'text-muted', cell: hall => hall.address },
    {
      id: 'contact',
      head: t('contact'),
      from: 'lg',
      sortBy: hall => Number(hall.hasAccount || hall.contactEmail !== ''),
      cell: hall =>
        hall.contactEmail || hall.contactPhone ? (
          <span className="block text-sm break-all text-muted">
            {[hall.contactName, hall.contactEmail, hall.contactPhone].filter(Boolean).join(' · ')}
          </span>
        ) : (
          !hall.hasAccount && <Badge tone="warn">{t('unreachable')}</Badge>
        ),
    },
    { id: 'do', head: <span className="sr-only">{t('edit')}</span>, align: 'end', cell: edit },
  ]
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <Button variant="primary" icon={<Plus aria-hidden />} onClick={() => setEdited('new')}>
            {t('add')}
          </Button>
        }
      >
        {t('counts', { halls: halls.length, units: units.length })}
      </PageHeader>
      <SearchInput label={t('search')} value={query} onValue={setQuery} className="mb-4 md:w-80" />
      <Table
        label={t('title')}
        rows={search(
          halls,
          query,
          hall => `${hall.name} ${hall.unitName} ${hall.address} ${hall.contactName} ${hall.contactEmail}`,
        )}
        columns={columns}
        rowKey={hall => hall.id}
        compact={hall => (
          <div className="flex items-center justify-between gap-3">
            <div className="min-w-0">
              <p className="font-medium">{hall.name}</p>
              <p className="text-sm text-muted">{hall.unitName}</p>
            </div>
            {edit(hall)}
          </div>
        )}
        empty={
          <EmptyState icon={<Landmark />} title={query ? t('noneFound', { query }) : t('empty')}>
            {!query && t('emptyHelp')}
          </EmptyState>
        }
      />
      {edited && (
        <HallSheet
          key={edited === 'new' ? 'new' : edited.id}
          hall={edited === 'new' ? null : edited}
          units={units}
          save={saveHall}
          remove={removeHall}
          onClose={() => setEdited(null)}
          onSaved={text => {
            setEdited(null)
            toast({ tone: 'ok', text })
            router.refresh()
          }}
        />
      )}
    </>
  )
}
