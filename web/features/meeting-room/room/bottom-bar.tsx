'use client'
import {
  Hand,
  ListOrdered,
  MessageSquare,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  PhoneOff,
  Users,
  Video,
  VideoOff,
} from 'lucide-react'
import { useTranslations } from 'next-intl'
import { type KeyboardEvent, useEffect, useState } from 'react'
import { initialFocus, useInitialFocus } from '../../../ui/use-initial-focus.ts'
import { BarButton } from './bar-button.tsx'
import { ChairBar } from './chair-bar.tsx'
import { useFloor, useMedia, useMeeting, useSelf } from './meeting-context.tsx'
import { MoreMenu } from './more-menu.tsx'
import type { PanelName } from './side-panel.tsx'
import type { RoomActions } from './use-room-actions.ts'

export interface BottomBarProps {
  actions: RoomActions
  panel: PanelName | null
  unread: { chat: number; questions: number }
  onPanel: (panel: PanelName) => void
  onDevices: () => void
  onHelp: () => void
}

/** Screens can be shared from desktops; phones' browsers have no such thing. */
const useMayShare = (): boolean => {
  const [mayShare, setMayShare] = useState(false)
  useEffect(() => setMayShare(typeof navigator.mediaDevices?.getDisplayMedia === 'function'), [])
  return mayShare
}

/** Arrow keys go from button to button, so that a television's remote control suffices. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
  const buttons = [...event.currentTarget.querySelectorAll('button')]
  const index = buttons.indexOf(document.activeElement as HTMLButtonElement)
  if (index < 0) return
  const step = event.key === 'ArrowRight' ? 1 : -1
  buttons[(index + step + buttons.length) % buttons.length]?.focus()
  event.preventDefault()
}

/** The one bar: words under the icons, the chair's tools apart, leaving at the end. */
export function BottomBar({ actions, panel, unread, onPanel, onDevices, onHelp }: BottomBarProps) {
  const t = useTranslations('room.bar')
  const tSpeaking = useTranslations('room.speaking')
  const { session } = useMeeting()
  const media = useMedia()
  const floor = useFloor()
  const self = useSelf()
  const mayShare = useMayShare()
  const isMicOn = media.microphone === 'on'
  const isCameraOn = media.camera === 'on'
  useInitialFocus()

  return (
    <div
      role="toolbar"
      aria-label={t('label')}
      onKeyDown={moveFocus}
      className="flex shrink-0 flex-wrap items-center justify-center gap-1 bg-[#10161d] px-2 py-2 max-sm:gap-0.5 max-sm:px-1 pb-[max(0.5rem,env(safe-area-inset-bottom))] lg:gap-1.5"
    >
      <BarButton
        {...initialFocus}
        testId="toggle-mic"
        icon={isMicOn ? <Mic aria-hidden /> : <MicOff aria-hidden />}
        label={t('mic')}
        hint={isMicOn ? t('micOffHint') : t('micOnHint')}
        tone={isMicOn ? 'plain' : 'off'}
        onPress={actions.toggleMicrophone}
      />
      <BarButton
        testId="toggle-camera"
        icon={isCameraOn ? <Video aria-hidden /> : <VideoOff aria-hidden />}
        label={t('camera')}
        hint={isCameraOn ? t('cameraOffHint') : t('cameraOnHint')}
        tone={isCameraOn ? 'plain' : 'off'}
        onPress={actions.toggleCamera}
      />
      {mayShare && (
        <BarButton
          testId="toggle-screen"
          isWideOnly
          icon={media.isSharing ? <MonitorX aria-hidden /> : <MonitorUp aria-hidden />}
          label={media.isSharing ? t('screenStop') : t('screen')}
          hint={media.isSharing ? t('screenStopHint') : t('screenHint')}
          tone={media.isSharing ? 'on' : 'plain'}
          onPress={actions.toggleScreen}
        />
      )}
      <BarButton
        testId="toggle-hand"
        icon={<Hand aria-hidden />}
        label={actions.isHandRaised ? t('handLower') : t('hand')}
        hint={actions.isHandRaised ? t('handLowerHint') : t('handHint')}
        tone={actions.isHandRaised ? 'on' : 'plain'}
        onPress={actions.toggleHand}
      />
      <BarButton
        testId="open-chat"
        icon={<MessageSquare aria-hidden />}
        label={t('chat')}
        hint={t('chatHint')}
        isPressed={panel === 'chat'}
        tone={panel === 'chat' ? 'on' : 'plain'}
        badge={unread.chat}
        onPress={() => onPanel('chat')}
      />
      <BarButton
        testId="open-people"
        isWideOnly
        icon={<Users aria-hidden />}
        label={t('people')}
        hint={t('peopleHint')}
        isPressed={panel === 'people'}
        tone={panel === 'people' ? 'on' : 'plain'}
        badge={self.isModerator ? floor.hands.length : 0}
        onPress={() => onPanel('people')}
      />
      <BarButton
        testId="open-speaking"
        isWideOnly={!self.isModerator}
        icon={<ListOrdered aria-hidden />}
        label={tSpeaking('bar')}
        hint={tSpeaking('barHint')}
        isPressed={panel === 'speaking'}
        tone={panel === 'speaking' ? 'on' : 'plain'}
        badge={self.isModerator ? floor.speaking.turns.filter(turn => turn.status === 'waiting').length : 0}
        onPress={() => onPanel('speaking')}
      />
      <MoreMenu unreadQuestions={unread.questions} onPanel={onPanel} onDevices={onDevices} onHelp={onHelp} />
      {self.isModerator && <ChairBar onPanel={onPanel} />}
      <span aria-hidden className="mx-1 hidden h-10 w-px bg-white/20 sm:block" />
      <BarButton
        testId="leave"
        icon={<PhoneOff aria-hidden />}
        label={t('leave')}
        hint={t('leaveHint')}
        tone="danger"
        onPress={() => session.leave()}
      />
    </div>
  )
}
