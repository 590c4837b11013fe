'use client'
import type { MeetingOptions } from '@diemcau/core/contracts/floor.ts'
import { useTranslations } from 'next-intl'
import { useEffect, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { CopyButton } from '../../../ui/copy-button.tsx'
import { Switch } from '../../../ui/switch.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { useCommand, useFloor, useMeeting, useSelf } from './meeting-context.tsx'

/** What the meeting is about, how to get others in, and (moderators) what people may do. */
export function InfoPanel() {
  const t = useTranslations('room.info')
  const formats = useFormats()
  const { meeting } = useMeeting()
  const floor = useFloor()
  const self = useSelf()
  const [origin, setOrigin] = useState('')
  useEffect(() => setOrigin(window.location.origin), [])
  const agenda = floor.agenda || meeting.agenda
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto px-4 py-4">
      <section>
        <h2 className="text-lg leading-snug font-semibold">{floor.title || meeting.title}</h2>
        <p className="mt-1 text-muted">{formats.range(meeting.startsAt, meeting.endsAt)}</p>
        {meeting.description && <p className="mt-2 whitespace-pre-line">{meeting.description}</p>}
      </section>
      {agenda && (
        <section>
          <h3 className="font-semibold">{t('agenda')}</h3>
          <p className="mt-1 whitespace-pre-line" data-testid="agenda">
            {agenda}
          </p>
        </section>
      )}
      <section>
        <h3 className="font-semibold">{t('joinLink')}</h3>
        <p className="mt-1 font-mono text-sm [overflow-wrap:anywhere]">{`${origin}/m/${meeting.code}`}</p>
        <div className="mt-2">
          <CopyButton size="sm" text={`${origin}/m/${meeting.code}`}>
            {t('copy')}
          </CopyButton>
        </div>
        {meeting.watchAllowed && (
          <>
            <h3 className="mt-4 font-semibold">{t('watchLink')}</h3>
            <p className="mt-1 font-mono text-sm [overflow-wrap:anywhere]">{`${origin}/w/${meeting.code}`}</p>
            <div className="mt-2">
              <CopyButton size="sm" text={`${origin}/w/${meeting.code}`}>
                {t('copy')}
              </CopyButton>
            </div>
          </>
        )}
      </section>
      {self.isModerator && floor.passcode && <Passcode passcode={floor.passcode} />}
      {self.isModerator && <Options options={floor.options} />}
    </div>
  )
}

/** What guests type, and a new one when the old one is in the wrong hands. */
function Passcode({ passcode }: { passcode: string }) {
  const t = useTranslations('room.info')
  const { confirm } = useMeeting()
  const command = useCommand()
  return (
    <section>
      <h3 className="font-semibold">{t('passcode')}</h3>
      <p className="tabular mt-1 text-lg tracking-widest" data-testid="room-passcode">
        {passcode.slice(0, 3)} {passcode.slice(3)}
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <CopyButton size="sm" text={passcode}>
          {t('copy')}
        </CopyButton>
        <Button
          size="sm"
          data-testid="change-passcode"
          onClick={() =>
            confirm({
              title: t('changePasscodeTitle'),
              description: t('changePasscodeText'),
              confirmLabel: t('changePasscode'),
              run: () => void command({ type: 'change_passcode' }),
            })
          }
        >
          {t('changePasscode')}
        </Button>
      </div>
    </section>
  )
}

function Options({ options }: { options: MeetingOptions }) {
  const t = useTranslations('room.info')
  const { meeting } = useMeeting()
  const command = useCommand()
  return (
    <section>
      <h3 className="font-semibold">{t('options')}</h3>
      <Switch
        label={t('optionChat')}
        checked={options.chat}
        onChange={chat => void command({ type: 'set_options', chat })}
      />
      {meeting.watchAllowed && (
        <>
          <Switch
            label={t('optionHand')}
            checked={options.viewersMayRaiseHand}
            onChange={viewersMayRaiseHand => void command({ type: 'set_options', viewersMayRaiseHand })}
          />
          <Switch
            label={t('optionAsk')}
            checked={options.viewersMayAsk}
            onChange={viewersMayAsk => void command({ type: 'set_options', viewersMayAsk })}
          />
        </>
      )}
    </section>
  )
}
