'use client'
import type { CommandResult } from '@diemcau/core/contracts/floor.ts'
import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { useTranslations } from 'next-intl'
import { createContext, type ReactNode, useCallback, useContext, useMemo } from 'react'
import type { NewCommand } from '../../../live/floor-client.ts'
import type { FloorState } from '../../../live/floor-state.ts'
import type { MediaView } from '../../../live/media-room.ts'
import type { Admitted, MeetingSession } from '../../../live/meeting-session.ts'
import type { SavedSettings } from '../../../live/saved-settings.ts'
import { useStore } from '../../../live/use-store.ts'
import { useToast } from '../../../ui/toast.tsx'

/** Something to be sure about first; `run` happens after the person said yes. */
export interface ConfirmRequest {
  title: string
  description: string
  confirmLabel: string
  /** Switches beside it, off at first. */
  choices?: { key: string; label: string; help: string }[]
  /** `chosen`: keys of the choices that were switched on. */
  run: (chosen: ReadonlySet<string>) => void
}

export interface MeetingContextValue {
  session: MeetingSession
  meeting: PublicMeeting
  admitted: Admitted
  settings: SavedSettings
  setSettings: (settings: SavedSettings) => void
  confirm: (request: ConfirmRequest) => void
}

const MeetingContext = createContext<MeetingContextValue | null>(null)

export const MeetingProvider = ({ value, children }: { value: MeetingContextValue; children: ReactNode }) => (
  <MeetingContext value={value}>{children}</MeetingContext>
)

export function useMeeting(): MeetingContextValue {
  const value = useContext(MeetingContext)
  if (!value) throw new Error('useMeeting needs a MeetingProvider above it')
  return value
}

export const useFloor = (): FloorState => useStore(useMeeting().session.floor.state)
export const useMedia = (): MediaView => useStore(useMeeting().session.media.view)

/** Identity and rights of the person at this browser. The floor knows them best once it is there. */
export function useSelf(): { identity: string; role: MeetingRole; isModerator: boolean } {
  const { admitted } = useMeeting()
  const { you, isSynced } = useFloor()
  const role = isSynced ? you.role : admitted.role
  return useMemo(
    () => ({ identity: admitted.identity, role, isModerator: isModerator(role) }),
    [admitted.identity, role],
  )
}

/** Whether the chair keeps this person's microphone closed: the server would refuse it. */
export function useIsMicrophoneHeld(): boolean {
  const { mayUnmute } = useMedia()
  const { options } = useFloor()
  const { isModerator: isChairing } = useSelf()
  return options.microphonesHeld && !isChairing && !mayUnmute
}

/** Faults of the way there; everything else has its text among the portal's. */
const OWN_FAULTS = ['expired', 'rate_limited', 'media_unavailable', 'not_found']

/** Sends a command and says in words when it did not work; resolves with whether it did. */
export function useCommand(): (command: NewCommand) => Promise<boolean> {
  const { session } = useMeeting()
  const t = useTranslations('room.fault')
  const tError = useTranslations('errors')
  const toast = useToast()
  return useCallback(
    async command => {
      const result: CommandResult = await session.floor.send(command)
      // Two moderators at one door: whoever was second need not be told.
      if (!result.ok && result.code !== 'closed' && result.code !== 'already_settled') {
        const isOwn = OWN_FAULTS.includes(result.code)
        const text = isOwn ? t(result.code) : tError.has(result.code) ? tError(result.code) : t('other')
        toast({ tone: 'warn', text })
      }
      return result.ok
    },
    [session, t, tError, toast],
  )
}
