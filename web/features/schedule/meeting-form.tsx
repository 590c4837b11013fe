'use client'
import type { FormResult, MeetingInput } from '@diemcau/core/contracts/meeting.ts'
import type { Clashes } from '@diemcau/core/contracts/portal.ts'
import { readAddresses } from '@diemcau/core/text/addresses.ts'
import { useRouter } from 'next/navigation'
import { useTimeZone, useTranslations } from 'next-intl'
import { useDeferredValue, useEffect, useState, useTransition } from 'react'
import { Button } from '../../ui/button.tsx'
import { Combobox } from '../../ui/combobox.tsx'
import { DateTimeField } from '../../ui/date-time-field.tsx'
import { ErrorSummary } from '../../ui/error-summary.tsx'
import { Field, Fieldset } from '../../ui/field.tsx'
import { Input, Textarea } from '../../ui/input.tsx'
import { toIso } from '../../ui/lib/zoned-time.ts'
import { LinkButton } from '../../ui/link-button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { RadioGroup } from '../../ui/radio-group.tsx'
import { useSignInAgain } from '../../ui/sign-in-again.tsx'
import { SIGNED_OUT } from '../../ui/signed-out.ts'
import { Switch } from '../../ui/switch.tsx'
import { useToast } from '../../ui/toast.tsx'
import { DEFAULT_TIME_ZONE, useFormats } from '../../ui/use-formats.ts'
import { useIsReady } from '../../ui/use-is-ready.ts'
import { ClashNote } from './clash-note.tsx'
import { type MeetingDraft, moveStart, readDraft } from './draft.ts'
import { type HallChoice, HallPicker } from './hall-picker.tsx'
import { InvitationPreview } from './invitation-preview.tsx'
import { PeoplePicker, type PersonChoice } from './people-picker.tsx'
import { useStoredDraft } from './use-stored-draft.ts'

/** People of chosen halls who are busy, named before the rest is only counted. */
const SHOWN_SEATED = 5
const kinds = ['meeting', 'town_hall', 'voter_contact'] as const

export interface MeetingFormProps {
  /** Null: a new meeting. */
  meetingId: string | null
  initial: MeetingDraft
  halls: HallChoice[]
  people: PersonChoice[]
  /** There is a mail server. */
  mailsLeave: boolean
  save: (input: MeetingInput) => Promise<FormResult>
  findClashes: (asked: {
    hallIds: string[]
    userIds: string[]
    startsAt: string
    endsAt: string
  }) => Promise<Clashes>
}

/** Schedules or changes a meeting: one column to fill in, beside it the invitation as it will be read. */
export function MeetingForm({
  meetingId,
  initial,
  halls,
  people,
  mailsLeave,
  save,
  findClashes,
}: MeetingFormProps) {
  const t = useTranslations('portal.form')
  const texts = useTranslations('portal.form.fault')
  const kindTexts = useTranslations('portal.meeting')
  const format = useFormats()
  const router = useRouter()
  const toast = useToast()
  const timeZone = useTimeZone() ?? DEFAULT_TIME_ZONE
  const { draft, change, restoredAt, discard, forget } = useStoredDraft(
    `diemcau:draft:${meetingId ?? 'new'}`,
    initial,
  )
  const [faults, setFaults] = useState<Partial<Record<string, string>>>({})
  const [message, setMessage] = useState<string | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [isSaving, startSaving] = useTransition()
  const signedIn = useSignInAgain()
  const isReady = useIsReady()

  const set = (part: Partial<MeetingDraft>) => {
    change(before => ({ ...before, ...part }))
    clearFaults(Object.keys(part))
  }
  /** A fault goes away once its field is touched; what is still wrong is said when the form is sent again. */
  const clearFaults = (fields: string[]) =>
    setFaults(before =>
      Object.fromEntries(Object.entries(before).filter(([field]) => !fields.includes(field))),
    )
  const now = new Date()
  const startsAt = toIso(draft.start, timeZone, now)
  const endsAt = toIso(draft.end, timeZone, now)
  const { mailboxes, wrong } = readAddresses(draft.emails)
  const emails = mailboxes.map(one => one.email)
  const leaders = [draft.chairId, draft.secretaryId].filter(Boolean)
  const clashes = useClashes(
    { hallIds: draft.hallIds, userIds: [...new Set([...leaders, ...draft.userIds])], startsAt, endsAt },
    findClashes,
  )
  const clashNote = (userId: string) => {
    const clash = clashes.people.find(one => one.userId === userId)
    return clash && <ClashNote>{t('personClash', { name: clash.name, title: clash.title })}</ClashNote>
  }
  /** Those who come with a hall: they stand in no list of the form. */
  const seated = clashes.people.filter(
    one => !leaders.includes(one.userId) && !draft.userIds.includes(one.userId),
  )
  const previewed = useDeferredValue(draft)

  const textOf = (fault: string) => (texts.has(fault) ? texts(fault) : fault)
  const fail = (found: Record<string, string>, whole: string | null) => {
    setFaults(byField(found, textOf))
    setMessage(whole)
    setAttempt(count => count + 1)
  }
  const submit = () => {
    const { input, faults: found } = readDraft(draft, timeZone, new Date())
    if (!input) return fail(found, null)
    startSaving(async () => {
      const result = await signedIn(() => save(input))
      if (!result.ok && result.message === SIGNED_OUT) return fail({}, t('signedOut'))
      if (!result.ok) return fail(result.fields, Object.keys(result.fields).length ? null : result.message)
      forget()
      toast({ tone: 'ok', text: meetingId ? t('saved') : t(mailsLeave ? 'created' : 'createdUnsent') })
      router.push(`/meetings/${result.id}`)
      router.refresh()
    })
  }

  return (
    <div className="grid items-start gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,40rem)_minmax(18rem,1fr)]">
      <form
        noValidate
        className="flex min-w-0 flex-col gap-10"
        onSubmit={event => {
          event.preventDefault()
          submit()
        }}
      >
        <fieldset disabled={!isReady} className="contents">
          {restoredAt && (
            <Notice>
              <div className="flex flex-wrap items-center justify-between gap-2">
                <p>{t('restored', { when: format.inSentence(restoredAt) })}</p>
                <Button size="sm" onClick={discard}>
                  {t('discard')}
                </Button>
              </div>
            </Notice>
          )}
          <ErrorSummary
            attempt={attempt}
            message={message}
            faults={Object.entries(faults).map(([field, text]) => ({ fieldId: field, message: text ?? '' }))}
          />

          <Fieldset legend={t('what')}>
            <Field label={t('title')} id="title" help={t('titleHelp')} error={faults.title}>
              <Input
                value={draft.title}
                maxLength={220}
                autoComplete="off"
                onChange={event => set({ title: event.target.value })}
              />
            </Field>
            <div>
              <p className="mb-1.5 font-medium">{t('kind')}</p>
              <RadioGroup
                label={t('kind')}
                value={draft.kind}
                onChange={kind =>
                  // A meeting with voters is open to watch by its nature; the clerk may still turn it off.
                  set(kind === 'voter_contact' ? { kind, watchAllowed: true } : { kind })
                }
                options={kinds.map(value => ({
                  value,
                  label: kindTexts(`kind.${value}`),
                  help: kindTexts(`kindHelp.${value}`),
                }))}
              />
            </div>
          </Fieldset>

          <Fieldset legend={t('when')}>
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label={t('start')} id="startsAt" error={faults.startsAt}>
                <DateTimeField
                  idPrefix="startsAt"
                  value={draft.start}
                  onChange={start => {
                    change(before => moveStart(before, start, timeZone, new Date()))
                    clearFaults(['startsAt', 'endsAt'])
                  }}
                />
              </Field>
              <Field label={t('end')} id="endsAt" error={faults.endsAt}>
                <DateTimeField
                  idPrefix="endsAt"
                  value={draft.end}
                  onChange={end => {
                    set({ end })
                    clearFaults(['endsAt'])
                  }}
                />
              </Field>
            </div>
          </Fieldset>

          <Fieldset legend={t('who')}>
            <Field label={t('chair')} id="chairId" error={faults.chairId}>
              <Combobox
                options={people.map(toOption)}
                value={draft.chairId || null}
                placeholder={t('personPlaceholder')}
                onChange={id => set({ chairId: id ?? '' })}
              />
            </Field>
            {clashNote(draft.chairId)}
            <Field label={t('secretary')} id="secretaryId" error={faults.secretaryId} optional>
              <Combobox
                clearable
                options={people.map(toOption)}
                value={draft.secretaryId || null}
                placeholder={t('personPlaceholder')}
                onChange={id => set({ secretaryId: id ?? '' })}
              />
            </Field>
            {clashNote(draft.secretaryId)}
            <HallPicker
              id="hallIds"
              halls={halls}
              chosen={draft.hallIds}
              clashes={clashes.halls}
              error={faults.hallIds}
              onChange={hallIds => set({ hallIds })}
            />
            {seated.length > 0 && (
              <div className="flex flex-col gap-1">
                {seated.slice(0, SHOWN_SEATED).map(one => (
                  <div key={one.userId}>{clashNote(one.userId)}</div>
                ))}
                {seated.length > SHOWN_SEATED && (
                  <p className="text-sm text-warn">
                    {t('moreClashes', { count: seated.length - SHOWN_SEATED })}
                  </p>
                )}
              </div>
            )}
            <PeoplePicker
              id="userIds"
              people={people}
              chosen={draft.userIds}
              clashes={clashes.people}
              error={faults.userIds}
              onChange={userIds => set({ userIds })}
            />
            <Field label={t('emails')} id="emails" help={t('emailsHelp')} error={faults.emails} optional>
              <Textarea
                rows={2}
                className="min-h-20"
                inputMode="email"
                spellCheck={false}
                value={draft.emails}
                onChange={event => set({ emails: event.target.value })}
              />
            </Field>
            {draft.emails.trim() !== '' && (
              <div aria-live="polite" className="-mt-3 text-sm">
                <p className="text-muted">{t('emailsRead', { count: emails.length })}</p>
                {wrong.length > 0 && (
                  <ClashNote>{t('emailsWrong', { count: wrong.length, list: wrong.join(' · ') })}</ClashNote>
                )}
              </div>
            )}
          </Fieldset>

          <Fieldset legend={t('content')}>
            <Field label={t('agenda')} id="agenda" help={t('agendaHelp')} error={faults.agenda} optional>
              <Textarea value={draft.agenda} onChange={event => set({ agenda: event.target.value })} />
            </Field>
            <Field label={t('description')} id="description" error={faults.description} optional>
              <Textarea
                value={draft.description}
                onChange={event => set({ description: event.target.value })}
              />
            </Field>
          </Fieldset>

          <Fieldset legend={t('rules')}>
            <div className="divide-y divide-line rounded-md border border-line bg-surface px-4">
              {(['lobby', 'guestsAllowed', 'watchAllowed', 'recorded'] as const).map(rule => (
                <Switch
                  key={rule}
                  className="py-3"
                  label={t(rule)}
                  help={t(`${rule}Help`)}
                  checked={draft[rule]}
                  onChange={isOn => set({ [rule]: isOn })}
                />
              ))}
            </div>
          </Fieldset>

          <details className="lg:hidden">
            <summary className="min-h-11 py-2 font-medium text-accent">{t('showPreview')}</summary>
            <InvitationPreview {...{ draft: previewed, startsAt, endsAt, halls, people, emails, clashes }} />
          </details>

          <div className="flex flex-col gap-3 border-t border-line pt-6">
            <p className="text-muted">
              {t(mailsLeave ? (meetingId ? 'saveHelp' : 'createHelp') : 'noMailHelp')}
            </p>
            <div className="flex flex-col gap-2 sm:flex-row">
              <Button type="submit" variant="primary" pending={isSaving}>
                {isSaving ? t('saving') : meetingId ? t('save') : t(mailsLeave ? 'create' : 'createOnly')}
              </Button>
              <LinkButton href={meetingId ? `/meetings/${meetingId}` : '/meetings'}>{t('leave')}</LinkButton>
            </div>
          </div>
        </fieldset>
      </form>
      <aside className="sticky top-8 hidden max-h-[calc(100dvh-4rem)] overflow-y-auto lg:block">
        <p className="mb-2 text-sm font-semibold text-muted">{t('previewTitle')}</p>
        <InvitationPreview {...{ draft: previewed, startsAt, endsAt, halls, people, emails, clashes }} />
      </aside>
    </div>
  )
}

/** Texts by field; `emails.3` belongs to the box `emails`. */
const byField = (faults: Record<string, string>, textOf: (fault: string) => string) =>
  Object.fromEntries(
    Object.entries(faults).map(([path, fault]) => [path.split('.')[0] ?? path, textOf(fault)]),
  )

const toOption = (person: PersonChoice) => ({ value: person.id, label: person.name, detail: person.detail })

const noClashes: Clashes = { halls: [], people: [] }

/** Asks which chosen halls and people are taken, half a second after they or the times changed; the newest answer wins. */
function useClashes(
  asked: { hallIds: string[]; userIds: string[]; startsAt: string | null; endsAt: string | null },
  find: MeetingFormProps['findClashes'],
): Clashes {
  const [clashes, setClashes] = useState(noClashes)
  const question = JSON.stringify(asked)
  useEffect(() => {
    const { hallIds, userIds, startsAt, endsAt } = JSON.parse(question) as typeof asked
    if ((hallIds.length === 0 && userIds.length === 0) || !startsAt || !endsAt || endsAt <= startsAt) {
      setClashes(noClashes)
      return
    }
    let isStale = false
    const timer = setTimeout(async () => {
      try {
        const found = await find({ hallIds, userIds, startsAt, endsAt })
        if (!isStale) setClashes(found)
      } catch {
        // Only a warning is missing; saving tells about faults.
      }
    }, 500)
    return () => {
      isStale = true
      clearTimeout(timer)
    }
  }, [question, find])
  // What was taken out of the form meanwhile is no clash any more.
  return { ...clashes, halls: clashes.halls.filter(clash => asked.hallIds.includes(clash.hallId)) }
}
