'use client'
import type { JoinRequest, PublicMeeting } from '@diemcau/core/contracts/join.ts'
import type { LocalTrack } from 'livekit-client'
import { Circle, MonitorCog } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type FormEvent, useEffect, useState } from 'react'
import type { CheckProblem, Phase } from '../../../live/meeting-session.ts'
import {
  loadJoin,
  type SavedSettings,
  saveJoin,
  saveSettings,
  wasInside,
} from '../../../live/saved-settings.ts'
import { useDevices } from '../../../live/use-devices.ts'
import { Button } from '../../../ui/button.tsx'
import { TextLink } from '../../../ui/link-button.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useFormats } from '../../../ui/use-formats.ts'
import { initialFocus, useInitialFocus } from '../../../ui/use-initial-focus.ts'
import { DevicePickers } from '../device-pickers.tsx'
import { DeviceHelp } from './device-help.tsx'
import { JoinFields } from './join-fields.tsx'
import { LevelMeter } from './level-meter.tsx'
import { PreviewBox } from './preview-box.tsx'
import { SpeakerTest } from './speaker-test.tsx'
import { usePreview } from './use-preview.ts'

export interface CheckPageProps {
  meeting: PublicMeeting
  settings: SavedSettings
  phase: Phase
  onSettings: (settings: SavedSettings) => void
  /** `wants`: what should be sent, also when its track is not among `tracks` yet. */
  onJoin: (
    request: JoinRequest,
    tracks: LocalTrack[],
    wants: { microphone: boolean; camera: boolean },
  ) => void
}

/** Before the meeting: picture, sound, name, and one decision. Works without camera and microphone too. */
export function CheckPage({ meeting, settings, phase, onSettings, onJoin }: CheckPageProps) {
  const t = useTranslations('room.check')
  const formats = useFormats()
  const [saved] = useState(() => loadJoin(meeting.code))
  const [name, setName] = useState(meeting.user?.name ?? settings.name)
  const [unit, setUnit] = useState(settings.unit)
  const [endpointId, setEndpointId] = useState<string | null>(
    meeting.user?.endpointId ?? meeting.deviceEndpointId ?? (saved.endpointId || null),
  )
  const [passcode, setPasscode] = useState(saved.passcode)
  const [isNameMissing, setNameMissing] = useState(false)
  const [showsDevices, setShowsDevices] = useState(false)
  const preview = usePreview({ microphone: settings.isMicrophoneOn, camera: settings.isCameraOn }, settings)
  const devices = useDevices(`${preview.audio !== null}${preview.video !== null}`)
  const problem = phase.name === 'check' ? phase.problem : null
  const [isWaitingForDevices, setWaitingForDevices] = useState(false)
  const isJoining = phase.name === 'joining' || isWaitingForDevices
  const { takeBack } = preview
  const [isNameKnown] = useState(meeting.user !== null || name.trim() !== '')

  useEffect(() => {
    if (phase.name === 'check') takeBack()
  }, [phase, takeBack])

  const change = (part: Partial<SavedSettings>) => {
    const next = { ...settings, ...part }
    saveSettings(next)
    onSettings(next)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void join()
  }
  const join = async () => {
    if (isJoining) return
    if (!meeting.user && name.trim() === '') {
      setNameMissing(true)
      document.getElementById('join-name')?.focus()
      return
    }
    change({ name: meeting.user ? settings.name : name.trim(), unit: unit.trim() })
    saveJoin(meeting.code, { endpointId: endpointId ?? '', passcode })
    setWaitingForDevices(true)
    const tracks = await preview.handOver()
    setWaitingForDevices(false)
    onJoin(
      {
        as: 'participant',
        deviceId: settings.deviceId,
        ...(meeting.user ? { withAccount: true } : { name: name.trim() }),
        ...(unit.trim() ? { unit: unit.trim() } : {}),
        ...(endpointId ? { endpointId } : {}),
        ...(passcode.trim() ? { passcode: passcode.trim() } : {}),
      },
      tracks,
      {
        microphone: settings.isMicrophoneOn && preview.audioProblem === null,
        camera: settings.isCameraOn && preview.videoProblem === null,
      },
    )
  }

  // A hall whose page was reloaded goes back into the meeting without anybody pressing a button.
  const [isReturning] = useState(() => problem === null && wasInside(meeting.code, Date.now()))
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page appears.
  useEffect(() => {
    if (isReturning) void join()
  }, [])
  useInitialFocus()

  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-6xl flex-col gap-6 px-4 py-6 sm:px-6 lg:justify-center">
      <header>
        <p className="text-muted">{formats.range(meeting.startsAt, meeting.endsAt)}</p>
        <h1 className="mt-1 text-2xl font-semibold sm:text-3xl">{meeting.title}</h1>
      </header>
      <div className="grid gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(20rem,2fr)] lg:gap-10">
        {/* What is being handed over to the meeting can be changed again there. */}
        <fieldset
          disabled={isJoining}
          aria-label={t('devicesTitle')}
          className="flex min-w-0 flex-col gap-4 border-0 p-0"
        >
          <PreviewBox
            preview={preview}
            name={name}
            isMicrophoneOn={settings.isMicrophoneOn}
            isCameraOn={settings.isCameraOn}
            onMicrophone={isMicrophoneOn => change({ isMicrophoneOn })}
            onCamera={isCameraOn => change({ isCameraOn })}
          />
          {preview.audio && <LevelMeter track={preview.audio.mediaStreamTrack} />}
          {!settings.isMicrophoneOn && <p className="min-h-6 text-sm text-muted">{t('micOffNote')}</p>}
          {preview.audioProblem && (
            <DeviceHelp
              device={preview.videoProblem === preview.audioProblem ? 'both' : 'microphone'}
              problem={preview.audioProblem}
              onRetry={preview.retry}
            />
          )}
          {preview.videoProblem && preview.videoProblem !== preview.audioProblem && (
            <DeviceHelp device="camera" problem={preview.videoProblem} onRetry={preview.retry} />
          )}
          <div className="flex flex-wrap items-center gap-3">
            <SpeakerTest speakerId={settings.speakerId} />
            <Button
              variant="quiet"
              icon={<MonitorCog aria-hidden />}
              aria-expanded={showsDevices}
              onClick={() => setShowsDevices(!showsDevices)}
            >
              {showsDevices ? t('hideDevices') : t('showDevices')}
            </Button>
          </div>
          {showsDevices && <DevicePickers devices={devices} choice={settings} onChange={change} />}
        </fieldset>
        <form onSubmit={submit} noValidate className="flex min-w-0 flex-col gap-5">
          {problem && <ProblemNotice problem={problem} />}
          <JoinFields
            meeting={meeting}
            values={{ name, unit, endpointId, passcode }}
            hasInitialFocus={!isNameKnown}
            isNameMissing={isNameMissing || problem === 'name_required'}
            isCodeWrong={problem === 'wrong_code'}
            onName={next => {
              setName(next)
              setNameMissing(false)
            }}
            onUnit={setUnit}
            onEndpoint={setEndpointId}
            onPasscode={setPasscode}
          />
          {(meeting.recorded || meeting.recordingNow) && (
            <Notice
              icon={<Circle aria-hidden className="fill-live text-live" />}
              title={t(meeting.recordingNow ? 'recordingTitle' : 'recordedTitle')}
            >
              <p>{t('recordedText')}</p>
            </Notice>
          )}
          {meeting.lobby && !meeting.user && <p className="text-muted">{t('lobbyNote')}</p>}
          <Button
            type="submit"
            variant="primary"
            size="lg"
            block
            pending={isJoining}
            data-testid="join-button"
            {...(isNameKnown ? initialFocus : {})}
          >
            {isJoining ? (isReturning ? t('returning') : t('joining')) : t('join')}
          </Button>
          {preview.isStarting && <p className="text-sm text-muted">{t('permissionNote')}</p>}
          {!preview.isStarting && !preview.audio && !preview.video && (
            <p className="text-sm text-muted">{t('withoutDevices')}</p>
          )}
          {!meeting.user && (
            <p>
              <TextLink
                href={`/sign-in?next=${encodeURIComponent(`/m/${meeting.code}`)}`}
                prefetch={false}
                data-testid="have-account"
                className="inline-flex min-h-11 items-center"
              >
                {t('haveAccount')}
              </TextLink>
            </p>
          )}
        </form>
      </div>
    </main>
  )
}

function ProblemNotice({ problem }: { problem: CheckProblem }) {
  const t = useTranslations('room.check.problem')
  return (
    <div role="alert" data-testid="join-problem" data-problem={problem}>
      <Notice tone="warn" title={t(`${problem}.title`)}>
        <p>{t(`${problem}.todo`)}</p>
      </Notice>
    </div>
  )
}
