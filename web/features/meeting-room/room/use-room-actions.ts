'use client'
import { useTranslations } from 'next-intl'
import { useCallback, useMemo } from 'react'
import { deviceProblem } from '../../../live/device-problem.ts'
import { saveSettings } from '../../../live/saved-settings.ts'
import { permissionToSpeak } from '../../../live/voter-voice.ts'
import { useToast } from '../../../ui/toast.tsx'
import {
  useCommand,
  useFloor,
  useIsMicrophoneHeld,
  useMedia,
  useMeeting,
  useSelf,
} from './meeting-context.tsx'

export interface RoomActions {
  toggleMicrophone: () => void
  openMicrophone: () => void
  toggleCamera: () => void
  toggleScreen: () => void
  toggleHand: () => void
  isHandRaised: boolean
}

/** What the person at this browser does about themselves; faults of devices are said in words. */
export function useRoomActions(): RoomActions {
  const { session, settings, setSettings } = useMeeting()
  const { microphone, camera, isSharing } = useMedia()
  const { hands } = useFloor()
  const self = useSelf()
  const command = useCommand()
  const t = useTranslations('room.device')
  const tBar = useTranslations('room.bar')
  const toast = useToast()
  const { local } = session.media
  const isHeld = useIsMicrophoneHeld()
  const isHandRaised = hands.some(hand => hand.identity === self.identity)

  const attempt = useCallback(
    async (device: 'microphone' | 'camera' | 'screen', act: () => Promise<void>) => {
      try {
        await act()
      } catch (error) {
        const problem = deviceProblem(error)
        // Closing the browser's list of screens is a decision, not a fault.
        if (device === 'screen' && problem === 'denied') return
        console.warn(`The ${device} could not be used.`, error)
        toast({ tone: 'warn', text: `${t(`${device}.${problem}`)} ${t(`inRoom.${problem}`)}` })
      }
    },
    [t, toast],
  )
  const setMicrophone = useCallback(
    (isOn: boolean) => {
      const next = { ...settings, isMicrophoneOn: isOn }
      saveSettings(next)
      setSettings(next)
      void attempt('microphone', () => local.setMicrophone(isOn))
    },
    [attempt, local, settings, setSettings],
  )

  return useMemo(
    () => ({
      toggleMicrophone: () => {
        // The server would refuse the microphone; people are told what to do instead.
        if (isHeld && microphone !== 'on') toast({ tone: 'info', text: tBar('micHeld') })
        else setMicrophone(microphone !== 'on')
      },
      // Whoever says yes to being called may be ahead of the media server by a moment.
      openMicrophone: () => void permissionToSpeak(session.media).then(() => setMicrophone(true)),
      toggleCamera: () => {
        const isOn = camera !== 'on'
        const next = { ...settings, isCameraOn: isOn }
        saveSettings(next)
        setSettings(next)
        void attempt('camera', () => local.setCamera(isOn))
      },
      toggleScreen: () =>
        void attempt('screen', () => (isSharing ? local.stopScreen() : local.startScreen())),
      toggleHand: () => void command({ type: isHandRaised ? 'hand_lower' : 'hand_raise' }),
      isHandRaised,
    }),
    [
      attempt,
      camera,
      command,
      isHandRaised,
      isHeld,
      isSharing,
      local,
      session.media,
      microphone,
      setMicrophone,
      setSettings,
      settings,
      tBar,
      toast,
    ],
  )
}
