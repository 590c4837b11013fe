'use client'
import { search } from '@diemcau/core/text/fold.ts'
import { UserPlus, Users } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Avatar } from '../../ui/avatar.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { SearchInput } from '../../ui/input.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { useToast } from '../../ui/toast.tsx'
import { UserSheet } from './user-sheet.tsx'
import type { Choice, UserActions, UserItem } from './user-types.ts'

/** Everybody who can sign in, for the administrator. */
export function UsersPage({
  users,
  units,
  halls,
  ownId,
  actions,
}: {
  users: UserItem[]
  units: Choice[]
  halls: Choice[]
  ownId: string
  actions: UserActions
}) {
  const t = useTranslations('portal.users')
  const roles = useTranslations('portal.roles')
  const router = useRouter()
  const toast = useToast()
  const [query, setQuery] = useState('')
  const [edited, setEdited] = useState<UserItem | 'new' | null>(null)

  const edit = (user: UserItem) => (
    <Button size="sm" onClick={() => setEdited(user)} aria-label={t('editNamed', { name: user.name })}>
      {t('edit')}
    </Button>
  )
  const state = (user: UserItem) => user.disabled && <Badge tone="warn">{t('disabled')}</Badge>
  const columns: Column<UserItem>[] = [
    {
      id: 'name',
      head: t('name'),
      sortBy: user => user.name.split(' ').at(-1) ?? '',
      cell: user => (
        <span className="flex items-center gap-3">
          <Avatar name={user.name} size="sm" />
          <span className="min-w-0">
            <span className="flex flex-wrap items-center gap-2 font-medium">
              <bdi>{user.name}</bdi> {state(user)}
            </span>
            <span className="block text-sm break-all text-muted">{user.email}</span>
          </span>
        </span>
      ),
    },
    {
      id: 'title',
      head: t('office'),
      from: 'lg',
      sortBy: user => user.unitName ?? '',
      cell: user => (
        <>
          {user.title}
          <span className="block text-sm text-muted">{user.unitName}</span>
        </>
      ),
    },
    { id: 'role', head: t('role'), from: 'md', sortBy: user => user.role, cell: user => roles(user.role) },
    { id: 'do', head: <span className="sr-only">{t('edit')}</span>, align: 'end', cell: edit },
  ]
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <Button variant="primary" icon={<UserPlus aria-hidden />} onClick={() => setEdited('new')}>
            {t('add')}
          </Button>
        }
      />
      <SearchInput label={t('search')} value={query} onValue={setQuery} className="mb-4 md:w-80" />
      <Table
        label={t('title')}
        rows={search(users, query, user =>
          [user.name, user.email, user.title, user.unitName, user.hallName, roles(user.role)].join(' '),
        )}
        columns={columns}
        rowKey={user => user.id}
        compact={user => (
          <div className="flex items-center gap-3">
            <Avatar name={user.name} size="sm" />
            <div className="min-w-0 flex-1">
              <p className="font-medium">{user.name}</p>
              <p className="text-sm text-muted">
                {roles(user.role)}
                {user.unitName && (
                  <>
                    {' · '}
                    <bdi>{user.unitName}</bdi>
                  </>
                )}
              </p>
              {state(user)}
            </div>
            {edit(user)}
          </div>
        )}
        empty={<EmptyState icon={<Users />} title={t('noneFound', { query })} />}
      />
      {edited && (
        <UserSheet
          key={edited === 'new' ? 'new' : edited.id}
          user={edited === 'new' ? null : edited}
          isOwn={edited !== 'new' && edited.id === ownId}
          units={units}
          halls={halls}
          actions={actions}
          onClose={() => setEdited(null)}
          onDone={text => {
            setEdited(null)
            toast({ tone: 'ok', text })
            router.refresh()
          }}
        />
      )}
    </>
  )
}
