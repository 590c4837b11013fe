'use client'
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type ReactNode, useMemo, useState } from 'react'
import { Button } from './button.tsx'
import { cx } from './lib/cx.ts'

export interface Column<Row> {
  id: string
  head: ReactNode
  cell: (row: Row) => ReactNode
  /** Gives what the column is sorted by; without it the head is plain text. */
  sortBy?: (row: Row) => string | number
  align?: 'start' | 'end'
  /** Leaves the column out on narrower screens. */
  from?: 'md' | 'lg' | 'xl'
  className?: string
}

export interface TableProps<Row> {
  /** Names the table for screen readers. */
  label: string
  rows: readonly Row[]
  columns: Column<Row>[]
  rowKey: (row: Row) => string
  /** How a row looks on a phone, where columns do not fit. */
  compact: (row: Row) => ReactNode
  /** Shown in place of no rows. */
  empty: ReactNode
  /** Rows a page; default 50. */
  pageSize?: number
  initialSort?: { id: string; descending: boolean }
}

const fromClass = { md: 'hidden md:table-cell', lg: 'hidden lg:table-cell', xl: 'hidden xl:table-cell' }

/** The Vietnamese alphabet, as the database orders names too; "Xã 2" stands before "Xã 10". */
const byAlphabet = new Intl.Collator('vi', { numeric: true })

/** A dense list: sortable heads that stay in view, pages of rows, and a plain list on phones. */
export function Table<Row>({
  label,
  rows,
  columns,
  rowKey,
  compact,
  empty,
  pageSize = 50,
  initialSort,
}: TableProps<Row>) {
  const [sort, setSort] = useState(initialSort ?? null)
  const [page, setPage] = useState(0)
  const sorted = useMemo(() => {
    const by = columns.find(column => column.id === sort?.id)?.sortBy
    if (!by || !sort) return rows
    const direction = sort.descending ? -1 : 1
    return [...rows].sort((a, b) => {
      const [x, y] = [by(a), by(b)]
      const order =
        typeof x === 'string' && typeof y === 'string' ? byAlphabet.compare(x, y) : Number(x) - Number(y)
      return order * direction
    })
  }, [rows, columns, sort])
  const pages = Math.max(1, Math.ceil(sorted.length / pageSize))
  const current = Math.min(page, pages - 1)
  const shown = sorted.slice(current * pageSize, (current + 1) * pageSize)

  if (rows.length === 0) return <div className="rounded-md border border-line bg-surface">{empty}</div>
  return (
    <div>
      <div className="rounded-md border border-line bg-surface">
        <ul aria-label={label} className="divide-y divide-line sm:hidden">
          {shown.map(row => (
            <li key={rowKey(row)} className="px-4 py-3">
              {compact(row)}
            </li>
          ))}
        </ul>
        <table aria-label={label} className="hidden w-full border-collapse text-left sm:table">
          <thead>
            <tr>
              {columns.map(column => (
                <Head
                  key={column.id}
                  column={column}
                  sort={sort?.id === column.id ? sort : null}
                  onSort={() =>
                    setSort(before => ({
                      id: column.id,
                      descending: before?.id === column.id ? !before.descending : false,
                    }))
                  }
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(row => (
              <tr key={rowKey(row)} className="border-t border-line hover:bg-canvas">
                {columns.map(column => (
                  <td
                    key={column.id}
                    className={cx(
                      'px-3 py-2 align-middle first:pl-4 last:pr-4',
                      column.align === 'end' && 'text-right',
                      column.from && fromClass[column.from],
                      column.className,
                    )}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <Pages page={current} pages={pages} pageSize={pageSize} total={sorted.length} onPage={setPage} />
      )}
    </div>
  )
}

function Head<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>
  sort: { descending: boolean } | null
  onSort: () => void
}) {
  const Arrow = sort ? (sort.descending ? ArrowDown : ArrowUp) : ChevronsUpDown
  return (
    <th
      scope="col"
      aria-sort={sort ? (sort.descending ? 'descending' : 'ascending') : undefined}
      className={cx(
        'sticky top-(--table-head-top,0px) z-10 bg-surface px-3 py-1 text-sm font-semibold whitespace-nowrap text-muted shadow-[inset_0_-1px_0_var(--line)] first:rounded-tl-md first:pl-4 last:rounded-tr-md last:pr-4',
        column.align === 'end' && 'text-right',
        column.from && fromClass[column.from],
      )}
    >
      {column.sortBy ? (
        <button
          type="button"
          onClick={onSort}
          className="inline-flex min-h-10 items-center gap-1.5 font-semibold hover:text-text"
        >
          {column.head}
          <Arrow aria-hidden className={cx('size-3.5', sort && 'text-accent')} />
        </button>
      ) : (
        <span className="inline-flex min-h-10 items-center">{column.head}</span>
      )}
    </th>
  )
}

function Pages({
  page,
  pages,
  pageSize,
  total,
  onPage,
}: {
  page: number
  pages: number
  pageSize: number
  total: number
  onPage: (page: number) => void
}) {
  const t = useTranslations('common.ui')
  return (
    <nav aria-label={t('pages')} className="mt-3 flex flex-wrap items-center justify-between gap-3">
      <p className="tabular text-sm text-muted">
        {t('rowsOf', { from: page * pageSize + 1, to: Math.min(total, (page + 1) * pageSize), total })}
      </p>
      <div className="flex gap-2">
        <Button disabled={page === 0} onClick={() => onPage(page - 1)}>
          {t('previous')}
        </Button>
        <Button disabled={page === pages - 1} onClick={() => onPage(page + 1)}>
          {t('next')}
        </Button>
      </div>
    </nav>
  )
}
