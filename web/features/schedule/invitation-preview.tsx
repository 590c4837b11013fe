'use client'
import type { Clashes } from '@diemcau/core/contracts/portal.ts'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { useFormats } from '../../ui/use-formats.ts'
import type { MeetingDraft } from './draft.ts'
import type { HallChoice } from './hall-picker.tsx'
import type { PersonChoice } from './people-picker.tsx'

const SHOWN_HALLS = 6

/** What the invited will read, growing while the clerk types. Gaps are named, not hidden. */
export function InvitationPreview({
  draft,
  startsAt,
  endsAt,
  halls,
  people,
  emails,
  clashes,
}: {
  draft: MeetingDraft
  startsAt: string | null
  endsAt: string | null
  halls: HallChoice[]
  people: PersonChoice[]
  emails: string[]
  clashes: Clashes
}) {
  const t = useTranslations('portal.preview')
  const kinds = useTranslations('portal.meeting.kind')
  const format = useFormats()
  const nameOf = (id: string) => people.find(person => person.id === id)?.name
  const isChosen = new Set(draft.hallIds)
  const chosen = halls.filter(hall => isChosen.has(hall.id))
  const length = startsAt && endsAt ? Date.parse(endsAt) - Date.parse(startsAt) : 0
  const invited = draft.userIds.length + emails.length
  const remarks = [
    draft.recorded && t('recorded'),
    draft.lobby && t('lobby'),
    draft.guestsAllowed && t('guests'),
    draft.watchAllowed && t('watch'),
  ].filter(Boolean)
  return (
    <article aria-label={t('label')} className="rounded-md border border-line bg-surface p-5 sm:p-6">
      <p className="text-sm font-semibold text-accent">{t('invitation', { kind: kinds(draft.kind) })}</p>
      <h2 className="mt-1 text-xl font-semibold text-balance">
        {draft.title.trim() || <span className="text-muted">{t('noTitle')}</span>}
      </h2>
      <dl className="mt-4 grid gap-3">
        <Entry term={t('time')}>
          {startsAt ? (
            <>
              <span className="tabular font-medium">
                {format.fullDay(startsAt)}, {format.time(startsAt)}
                {endsAt && length > 0 && ` – ${format.time(endsAt)}`}
              </span>
              {length > 0 && <span className="block text-sm text-muted">{format.duration(length)}</span>}
            </>
          ) : (
            <Gap>{t('noTime')}</Gap>
          )}
        </Entry>
        <Entry term={t('chair')}>{nameOf(draft.chairId) ?? <Gap>{t('noChair')}</Gap>}</Entry>
        {draft.secretaryId && <Entry term={t('secretary')}>{nameOf(draft.secretaryId)}</Entry>}
        <Entry term={t('endpoints', { count: chosen.length })}>
          {chosen.length === 0 ? (
            <Gap>{t('noEndpoints')}</Gap>
          ) : (
            <ul className="grid gap-1">
              {chosen.slice(0, SHOWN_HALLS).map(hall => (
                <li key={hall.id}>
                  <bdi>{hall.name}</bdi> – <bdi>{hall.unitName}</bdi>
                </li>
              ))}
              {chosen.length > SHOWN_HALLS && (
                <li className="text-muted">{t('moreEndpoints', { count: chosen.length - SHOWN_HALLS })}</li>
              )}
            </ul>
          )}
          {clashes.halls.length > 0 && (
            <p className="mt-1 text-sm font-medium text-warn">
              {t('clashes', { count: clashes.halls.length })}
            </p>
          )}
          {clashes.people.length > 0 && (
            <p className="mt-1 text-sm font-medium text-warn">
              {t('peopleClashes', { count: clashes.people.length })}
            </p>
          )}
        </Entry>
        {invited > 0 && <Entry term={t('invited')}>{t('people', { count: invited })}</Entry>}
        {draft.agenda.trim() && (
          <Entry term={t('agenda')}>
            <p className="whitespace-pre-line">{draft.agenda.trim()}</p>
          </Entry>
        )}
        {draft.description.trim() && (
          <Entry term={t('description')}>
            <p className="line-clamp-6 whitespace-pre-line">{draft.description.trim()}</p>
          </Entry>
        )}
      </dl>
      {remarks.length > 0 && (
        <ul className="mt-4 list-disc space-y-1 border-t border-line pt-4 pl-5 text-sm text-muted">
          {remarks.map(remark => (
            <li key={String(remark)}>{remark}</li>
          ))}
        </ul>
      )}
    </article>
  )
}

const Entry = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div>
    <dt className="text-sm text-muted">{term}</dt>
    <dd>{children}</dd>
  </div>
)
const Gap = ({ children }: { children: ReactNode }) => <span className="text-muted">{children}</span>
