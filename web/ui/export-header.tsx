import { FileSpreadsheet, FileText } from 'lucide-react'
import type { ReactNode } from 'react'
import { Badge, LiveDot } from './badge.tsx'
import { LinkButton } from './link-button.tsx'
import { PageHeader } from './page-header.tsx'

/** The head of a page with a meeting's lists: whether they still grow, and the two files one takes them along as. */
export function ExportHeader({
  title,
  back,
  isLive,
  href,
  texts,
  children,
}: {
  title: string
  back: { href: string; label: string }
  isLive: boolean
  /** Where the files are; the format is added to it. */
  href: string
  texts: Record<'live' | 'xlsx' | 'csv', string>
  children: ReactNode
}) {
  return (
    <PageHeader
      back={back}
      title={title}
      badge={
        isLive && (
          <Badge tone="live" icon={<LiveDot />}>
            {texts.live}
          </Badge>
        )
      }
      actions={
        <>
          <LinkButton
            href={`${href}/xlsx`}
            variant="primary"
            icon={<FileSpreadsheet aria-hidden />}
            prefetch={false}
            download
          >
            {texts.xlsx}
          </LinkButton>
          <LinkButton href={`${href}/csv`} icon={<FileText aria-hidden />} prefetch={false} download>
            {texts.csv}
          </LinkButton>
        </>
      }
    >
      {children}
    </PageHeader>
  )
}
