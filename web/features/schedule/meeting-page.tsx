'use client'
import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { doorsOpenForAllAt, isDue } from '@diemcau/core/meeting/is-due.ts'
import { canReopen } from '@diemcau/core/meeting/reopen.ts'
import { CirclePlay, ClipboardList, DoorOpen, MessagesSquare, Pencil, Radio } from 'lucide-react'
import { useTranslations } from 'next-intl'
import type { ReactNode } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { cx } from '../../ui/lib/cx.ts'
import { LinkButton } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { useFormats } from '../../ui/use-formats.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { CancelMeeting } from './cancel-meeting.tsx'
import { InviteeList } from './invitee-list.tsx'
import { EndpointList } from './meeting-people.tsx'
import { SharePanel } from './share-panel.tsx'
import { StatusBadge } from './status-badge.tsx'

/** Everything about one meeting, and the one thing to do with it now. */
export function MeetingPage({
  meeting,
  cancel,
  inviteAgain,
  changeHallCode,
}: {
  meeting: MeetingDetail
  /** Resolves to the text of what went wrong, or undefined; so does the next. */
  cancel: (reason: string) => Promise<string | undefined>
  /** Sends one invitation again, or (null) all that have not left. */
  inviteAgain: (invitationId: string | null) => Promise<string | undefined>
  changeHallCode: (endpointId: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.meeting')
  const format = useFormats()
  useRefresh(
    meeting.invitees.some(invitee => invitee.state === 'waiting'),
    4000,
  )
  const isOpen = meeting.status === 'live' || meeting.status === 'scheduled'
  const invited = meeting.invitees.length
  const due = isDue(meeting, Date.now())
  const opensAt = new Date(doorsOpenForAllAt(meeting)).toISOString()
  return (
    <>
      <PageHeader
        back={{ href: '/meetings', label: t('back') }}
        title={meeting.title}
        badge={
          <>
            <StatusBadge status={meeting.status} />
            <Badge>{t(`kind.${meeting.kind}`)}</Badge>
            {meeting.recorded && isOpen && (
              <Badge tone="danger" icon={<Radio aria-hidden />}>
                {t('recorded')}
              </Badge>
            )}
          </>
        }
        actions={
          <>
            {isOpen && meeting.may.join && (
              <LinkButton
                href={`/m/${meeting.code}`}
                variant={due ? 'primary' : 'secondary'}
                size="lg"
                className="w-full sm:w-auto sm:min-w-44"
                prefetch={false}
              >
                {t('join')}
              </LinkButton>
            )}
            {meeting.mayReopen && canReopen(meeting, Date.now()) && (
              <LinkButton href={`/m/${meeting.code}`} icon={<DoorOpen aria-hidden />} prefetch={false}>
                {t('reopen')}
              </LinkButton>
            )}
            {meeting.status === 'ended' && meeting.may.readAttendance && (
              <LinkButton
                href={`/meetings/${meeting.id}/attendance`}
                variant="primary"
                icon={<ClipboardList aria-hidden />}
              >
                {t('attendance')}
              </LinkButton>
            )}
          </>
        }
      >
        <span className="tabular">
          {format.range(meeting.startsAt, meeting.endsAt)}
          {meeting.status === 'scheduled' &&
            !due &&
            ` · ${t('doorsOpen', { when: format.inSentence(opensAt) })}`}
          {/* Moderators come in earlier, and are told the time at which the door really opens for them. */}
          {meeting.status === 'scheduled' &&
            !due &&
            meeting.may.join &&
            meeting.opensAt < opensAt &&
            `, ${
              Date.parse(meeting.opensAt) <= Date.now()
                ? t('doorsOpenForYouNow')
                : t('doorsOpenForYou', { when: format.inSentence(meeting.opensAt) })
            }`}
        </span>
      </PageHeader>

      {meeting.status === 'cancelled' && (
        <Notice tone="warn" title={t('cancelledTitle')} className="mb-6">
          {meeting.cancelledReason && <p>{t('cancelledReason', { reason: meeting.cancelledReason })}</p>}
        </Notice>
      )}

      <div
        className={cx(
          'grid items-start gap-x-12 gap-y-8',
          // Only an open meeting has something to share, and only then a column for it.
          isOpen && 'xl:grid-cols-[minmax(0,1fr)_22rem] xl:grid-rows-[auto_1fr]',
        )}
      >
        <div data-testid="meeting-facts" className="min-w-0">
          <Actions meeting={meeting} cancel={cancel} />
          <dl className="grid gap-x-8 gap-y-4 sm:grid-cols-2">
            <Fact term={t('chair')}>{meeting.chairName}</Fact>
            <Fact term={t('secretary')}>{meeting.secretaryName ?? t('noSecretary')}</Fact>
            <Fact term={t('duration')}>
              {format.duration(Date.parse(meeting.endsAt) - Date.parse(meeting.startsAt))}
            </Fact>
            <Fact term={t('rules')}>
              {[
                t(meeting.lobby ? 'withLobby' : 'withoutLobby'),
                t(meeting.guestsAllowed ? 'withGuests' : 'withoutGuests'),
                t(meeting.watchAllowed ? 'withWatch' : 'withoutWatch'),
              ].join(' · ')}
            </Fact>
          </dl>
        </div>
        {isOpen && (
          <div className="xl:col-start-2 xl:row-span-2 xl:row-start-1">
            <SharePanel meeting={meeting} />
          </div>
        )}
        <div data-testid="meeting-body" className="-mt-8 min-w-0">
          {meeting.agenda && (
            <Section title={t('agenda')}>
              <p className="max-w-prose whitespace-pre-line">{meeting.agenda}</p>
            </Section>
          )}
          {meeting.description && (
            <Section title={t('description')}>
              <p className="max-w-prose whitespace-pre-line">{meeting.description}</p>
            </Section>
          )}
          <Section title={t('endpoints', { count: meeting.endpoints.length })}>
            <EndpointList
              endpoints={meeting.endpoints}
              showsReach={isOpen && meeting.may.edit}
              changeCode={isOpen ? changeHallCode : null}
            />
          </Section>
          {invited > 0 && (
            <Section title={t('invitees', { count: invited })}>
              <InviteeList
                invitees={meeting.invitees}
                mailsLeave={meeting.mailsLeave}
                inviteAgain={isOpen && meeting.may.edit ? inviteAgain : null}
              />
            </Section>
          )}
        </div>
      </div>
    </>
  )
}

function Actions({
  meeting,
  cancel,
}: {
  meeting: MeetingDetail
  cancel: (reason: string) => Promise<string | undefined>
}) {
  const t = useTranslations('portal.meeting')
  const { may, status } = meeting
  const isOpen = status === 'live' || status === 'scheduled'
  const isHeld = status === 'live' || status === 'ended'
  const canEdit = may.edit && isOpen
  const canCancel = may.cancel && status === 'scheduled'
  const seesAttendance = may.readAttendance && status === 'live'
  const seesRecordings = may.readRecordings && isHeld
  const seesTalk = may.readTalk && isHeld
  if (!canEdit && !canCancel && !seesAttendance && !seesRecordings && !seesTalk) return null
  return (
    <div className="mb-8 flex flex-wrap gap-2">
      {seesAttendance && (
        <LinkButton href={`/meetings/${meeting.id}/attendance`} icon={<ClipboardList aria-hidden />}>
          {t('attendance')}
        </LinkButton>
      )}
      {seesRecordings && (
        <LinkButton href={`/recordings?meeting=${meeting.id}`} icon={<CirclePlay aria-hidden />}>
          {t('recordings')}
        </LinkButton>
      )}
      {seesTalk && (
        <LinkButton href={`/meetings/${meeting.id}/talk`} icon={<MessagesSquare aria-hidden />}>
          {t('talk')}
        </LinkButton>
      )}
      {canEdit && (
        <LinkButton href={`/meetings/${meeting.id}/edit`} icon={<Pencil aria-hidden />}>
          {t('edit')}
        </LinkButton>
      )}
      {canCancel && <CancelMeeting meeting={meeting} cancel={cancel} />}
    </div>
  )
}

const Fact = ({ term, children }: { term: ReactNode; children: ReactNode }) => (
  <div>
    <dt className="text-sm text-muted">{term}</dt>
    <dd className="font-medium">{children}</dd>
  </div>
)
