'use client'
import { CircleDot, CircleStop, DoorOpen, Lock, LockOpen, Mic, MicOff, OctagonX } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { isCapturing } from '../../../live/floor-state.ts'
import { useToast } from '../../../ui/toast.tsx'
import { BarButton } from './bar-button.tsx'
import { useCommand, useFloor, useMeeting, useSelf } from './meeting-context.tsx'
import type { PanelName } from './side-panel.tsx'

/** The chair's tools, apart from what everyone has. What ends something for others is asked about first. */
export function ChairBar({ onPanel }: { onPanel: (panel: PanelName) => void }) {
  const t = useTranslations('room.chair')
  const { confirm, admitted } = useMeeting()
  const self = useSelf()
  const floor = useFloor()
  const command = useCommand()
  const toast = useToast()
  const isRecording = isCapturing(floor.recording)
  const isPlanned = admitted.meeting.recorded

  const muteAll = () =>
    confirm({
      title: t('muteAllTitle'),
      description: t('muteAllText'),
      confirmLabel: t('muteAllConfirm'),
      choices: [{ key: 'hold', label: t('hold'), help: t('holdHelp') }],
      run: chosen =>
        void command({ type: 'mute_all', hold: chosen.has('hold') }).then(isDone => {
          if (isDone) toast({ tone: 'ok', text: t('muteAllDone') })
        }),
    })

  const record = () => {
    const start = () => void command({ type: 'recording_start', layout: 'speaker' })
    if (!isRecording) {
      if (isPlanned) return start()
      return confirm({
        title: t('recordUnplannedTitle'),
        description: t('recordUnplannedText'),
        confirmLabel: t('recordUnplannedConfirm'),
        run: start,
      })
    }
    confirm({
      title: t('recordStopTitle'),
      description: t('recordStopText'),
      confirmLabel: t('recordStop'),
      run: () => void command({ type: 'recording_stop' }),
    })
  }

  return (
    <fieldset
      aria-label={t('label')}
      className="flex min-w-0 flex-wrap items-center justify-center gap-1 lg:gap-1.5"
    >
      <span aria-hidden className="mx-1 hidden h-10 w-px bg-white/20 sm:block" />
      <BarButton
        testId="mute-all"
        icon={<MicOff aria-hidden />}
        label={t('muteAll')}
        hint={t('muteAllHint')}
        onPress={muteAll}
      />
      {floor.options.microphonesHeld && (
        <BarButton
          testId="release-microphones"
          icon={<Mic aria-hidden />}
          label={t('release')}
          hint={t('releaseHint')}
          tone="on"
          onPress={() =>
            void command({ type: 'set_options', microphonesHeld: false }).then(isDone => {
              if (isDone) toast({ tone: 'ok', text: t('released') })
            })
          }
        />
      )}
      {floor.lobby.length > 0 && (
        <BarButton
          testId="open-lobby"
          icon={<DoorOpen aria-hidden />}
          label={t('lobby')}
          hint={t('lobbyHint')}
          badge={floor.lobby.length}
          onPress={() => onPanel('people')}
        />
      )}
      <BarButton
        testId="lock"
        icon={floor.locked ? <Lock aria-hidden /> : <LockOpen aria-hidden />}
        label={floor.locked ? t('unlock') : t('lock')}
        hint={floor.locked ? t('unlockHint') : t('lockHint')}
        tone={floor.locked ? 'on' : 'plain'}
        onPress={() => void command({ type: 'lock', locked: !floor.locked })}
      />
      {(isPlanned || isRecording || self.role === 'chair' || self.role === 'secretary') && (
        <BarButton
          testId="record"
          icon={isRecording ? <CircleStop aria-hidden /> : <CircleDot aria-hidden />}
          label={isRecording ? t('recordStop') : t('record')}
          hint={isRecording ? t('recordStopHint') : t('recordHint')}
          tone={isRecording ? 'off' : 'plain'}
          onPress={record}
        />
      )}
      <BarButton
        testId="end-meeting"
        icon={<OctagonX aria-hidden />}
        label={t('end')}
        hint={t('endHint')}
        onPress={() =>
          confirm({
            title: t('endTitle'),
            description: t('endText'),
            confirmLabel: t('endConfirm'),
            run: () => void command({ type: 'end_meeting' }),
          })
        }
      />
    </fieldset>
  )
}
