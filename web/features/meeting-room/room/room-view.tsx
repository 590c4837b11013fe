'use client'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { Volume2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Admitted, MeetingSession } from '../../../live/meeting-session.ts'
import type { SavedSettings } from '../../../live/saved-settings.ts'
import { useWakeLock } from '../../../live/use-wake-lock.ts'
import { Button } from '../../../ui/button.tsx'
import { ToastProvider } from '../../../ui/toast.tsx'
import { BottomBar } from './bottom-bar.tsx'
import { ConnectionBanner } from './connection-banner.tsx'
import { type ConfirmRequest, MeetingProvider, useMedia, useMeeting } from './meeting-context.tsx'
import { PinProvider } from './pin-context.tsx'
import { ConfirmBox, DeviceDialog, HelpDialog, UnmuteDialog } from './room-dialogs.tsx'
import { type PanelName, SidePanel } from './side-panel.tsx'
import { SpeakingStrip } from './speaking/speaking-strip.tsx'
import { Stage } from './stage.tsx'
import { TopBar } from './top-bar.tsx'
import { useDarkPage } from './use-dark-page.ts'
import { useFloorEffects } from './use-floor-effects.ts'
import { useRoomActions } from './use-room-actions.ts'
import { useShortcuts } from './use-shortcuts.ts'

export interface RoomViewProps {
  session: MeetingSession
  meeting: PublicMeeting
  admitted: Admitted
  settings: SavedSettings
  onSettings: (settings: SavedSettings) => void
}

/** Messages of the room stand over the top of the stage: at the bottom they would cover the bar and the chat field. */
const TOASTS_ON_TOP =
  'contents [&_ol[tabindex]]:top-14! [&_ol[tabindex]]:right-auto! [&_ol[tabindex]]:bottom-auto! [&_ol[tabindex]]:left-1/2! [&_ol[tabindex]]:-translate-x-1/2 [&_ol[tabindex]]:p-2!'

/** The meeting itself: stage, strip, one side panel, one bar. */
export function RoomView({ session, meeting, admitted, settings, onSettings }: RoomViewProps) {
  const [request, setRequest] = useState<ConfirmRequest | null>(null)
  const [pinned, setPinned] = useState<string | null>(null)
  const value = useMemo(
    () => ({ session, meeting, admitted, settings, setSettings: onSettings, confirm: setRequest }),
    [session, meeting, admitted, settings, onSettings],
  )
  const pin = useMemo(() => ({ pinned, setPinned }), [pinned])
  useDarkPage()
  useWakeLock()
  return (
    <MeetingProvider value={value}>
      <PinProvider value={pin}>
        <div className={TOASTS_ON_TOP}>
          <ToastProvider>
            <RoomLayout />
            <ConfirmBox request={request} onClose={() => setRequest(null)} />
          </ToastProvider>
        </div>
      </PinProvider>
    </MeetingProvider>
  )
}

function RoomLayout() {
  const actions = useRoomActions()
  const [panel, setPanel] = useState<PanelName | null>(null)
  const [dialog, setDialog] = useState<'devices' | 'help' | null>(null)
  const effects = useFloorEffects(panel)
  const togglePanel = (name: PanelName) => setPanel(before => (before === name ? null : name))

  useShortcuts({
    m: actions.toggleMicrophone,
    v: actions.toggleCamera,
    h: actions.toggleHand,
    c: () => togglePanel('chat'),
    p: () => togglePanel('people'),
    l: () => togglePanel('speaking'),
    '?': () => setDialog('help'),
  })

  return (
    <div
      data-theme="dark"
      data-testid="room"
      className="fixed inset-0 flex h-dvh flex-col overflow-hidden bg-[#0b1016] text-white"
    >
      <TopBar />
      <SpeakingStrip />
      <ConnectionBanner />
      <div className="relative flex min-h-0 flex-1 gap-2 p-2">
        <Stage />
        {panel && (
          <SidePanel
            panel={panel}
            unread={effects.unread}
            onPanel={setPanel}
            onClose={() => setPanel(null)}
          />
        )}
        <SoundGate />
      </div>
      <footer className="shrink-0">
        <BottomBar
          actions={actions}
          panel={panel}
          unread={effects.unread}
          onPanel={togglePanel}
          onDevices={() => setDialog('devices')}
          onHelp={() => setDialog('help')}
        />
      </footer>
      <p aria-live="polite" className="sr-only">
        {effects.announcement}
      </p>
      <UnmuteDialog
        by={effects.unmuteAskedBy}
        onOpen={actions.openMicrophone}
        onClose={effects.answerUnmute}
      />
      <DeviceDialog isOpen={dialog === 'devices'} onClose={() => setDialog(null)} />
      <HelpDialog isOpen={dialog === 'help'} onClose={() => setDialog(null)} />
    </div>
  )
}

/** Browsers may keep a page silent until somebody clicks: then there is one large button for it. */
function SoundGate() {
  const t = useTranslations('room.sound')
  const { session } = useMeeting()
  const media = useMedia()
  const isNeeded = !media.mayPlayAudio && media.connection === 'connected'
  const button = useRef<HTMLButtonElement>(null)
  // Nothing is heard before it is pressed, so with a remote control the next press is for it.
  useEffect(() => {
    if (isNeeded) button.current?.focus()
  }, [isNeeded])
  if (!isNeeded) return null
  return (
    <section aria-label={t('start')} className="absolute inset-x-0 bottom-6 z-10 flex justify-center">
      <Button
        variant="primary"
        size="lg"
        ref={button}
        data-testid="start-sound"
        icon={<Volume2 aria-hidden />}
        className="shadow-pop"
        onClick={() => void session.media.startSound()}
      >
        {t('start')}
      </Button>
    </section>
  )
}
