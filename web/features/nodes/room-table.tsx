'use client'
import { DoorClosed } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'next-intl'
import { EmptyState } from '../../ui/empty-state.tsx'
import { Table } from '../../ui/table.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import type { RoomRow } from './node-facts.ts'

/** Open rooms of all nodes, by the meetings they are of. */
export function RoomTable({ rooms, titles }: { rooms: RoomRow[]; titles: Record<string, string> }) {
  const t = useTranslations('portal.nodes')
  const format = useFormats()
  const title = ({ name }: RoomRow) =>
    titles[name] === undefined ? (
      <>
        <span className="block text-muted">{t('unknownRoom')}</span>
        <bdi className="block text-sm break-all">{name}</bdi>
      </>
    ) : (
      <Link
        href={`/meetings/${name}`}
        className="block py-1 font-medium underline-offset-4 hover:text-accent hover:underline"
      >
        <bdi>{titles[name]}</bdi>
      </Link>
    )
  const places = ({ at }: RoomRow) => (
    <ul className="tabular text-sm">
      {at.map(({ node, people, publishers }) => (
        <li key={node}>{t('at', { node: node || t('unnamed'), people, publishers })}</li>
      ))}
    </ul>
  )
  return (
    <Table
      label={t('roomsTitle')}
      rows={rooms}
      rowKey={room => room.name}
      initialSort={{ id: 'people', descending: true }}
      columns={[
        { id: 'title', head: t('room'), sortBy: room => titles[room.name] ?? room.name, cell: title },
        {
          id: 'people',
          head: t('people'),
          align: 'end',
          className: 'tabular',
          sortBy: room => room.people,
          cell: room => format.number(room.people),
        },
        {
          id: 'publishers',
          head: t('publishers'),
          align: 'end',
          from: 'md',
          className: 'tabular',
          sortBy: room => room.publishers,
          cell: room => format.number(room.publishers),
        },
        { id: 'at', head: t('perNode'), cell: places },
      ]}
      compact={room => (
        <>
          {title(room)}
          {places(room)}
        </>
      )}
      empty={<EmptyState icon={<DoorClosed />} title={t('noRooms')} />}
    />
  )
}
