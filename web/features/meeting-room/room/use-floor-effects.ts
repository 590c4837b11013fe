'use client'
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import type { FloorEffect } from '../../../live/floor-state.ts'
import { useToast } from '../../../ui/toast.tsx'
import { useCommand, useMeeting, useSelf } from './meeting-context.tsx'
import type { PanelName } from './side-panel.tsx'

export interface FloorEffects {
  /** Name of the moderator who asks this person to speak, until answered. */
  unmuteAskedBy: string | null
  answerUnmute: () => void
  /** What was missed in panels that are closed. */
  unread: { chat: number; questions: number }
  /** Read to people who cannot see the page. */
  announcement: string
}

/** Turns what happens on the floor into toasts, badges, spoken words and the question whether to open the microphone. */
export function useFloorEffects(panel: PanelName | null): FloorEffects {
  const { session } = useMeeting()
  const self = useSelf()
  const command = useCommand()
  const t = useTranslations('room.effect')
  const toast = useToast()
  const [unmuteAskedBy, setUnmuteAskedBy] = useState<string | null>(null)
  const [unread, setUnread] = useState({ chat: 0, questions: 0 })
  const [announcement, setAnnouncement] = useState('')
  const latest = useRef({ panel, isModerator: self.isModerator })

  useEffect(() => {
    latest.current = { panel, isModerator: self.isModerator }
    if (panel === 'chat') setUnread(before => ({ ...before, chat: 0 }))
    if (panel === 'questions') setUnread(before => ({ ...before, questions: 0 }))
  }, [panel, self.isModerator])

  useEffect(() => {
    const handle = (effect: FloorEffect) => {
      const { panel: open, isModerator } = latest.current
      switch (effect.type) {
        case 'muted':
          // Everyone is told of "mute all" only when it changed something for them.
          if (effect.all && isModerator) return
          toast({ tone: 'warn', text: t(effect.all ? 'muted.all' : `muted.${mutedKey(effect.source)}`) })
          return
        case 'unmute_asked':
          setUnmuteAskedBy(effect.by)
          return
        case 'recording':
          if (effect.status === 'recording') toast({ tone: 'info', text: t('recordingStarted') })
          if (effect.status === 'stopping' || effect.status === 'composing')
            toast({ text: t('recordingStopped') })
          if (effect.status === 'failed' && isModerator) toast({ tone: 'danger', text: t('recordingFailed') })
          if (effect.status === 'ready' && isModerator) toast({ tone: 'ok', text: t('recordingReady') })
          return
        case 'chat':
          setAnnouncement(t('chat', { name: effect.message.name, text: effect.message.text }))
          if (open !== 'chat') setUnread(before => ({ ...before, chat: before.chat + 1 }))
          return
        case 'question':
          if (isModerator) setAnnouncement(t('question', { name: effect.question.name }))
          if (isModerator && open !== 'questions')
            setUnread(before => ({ ...before, questions: before.questions + 1 }))
          return
        case 'hand':
          setAnnouncement(t('hand', { name: formatEndpointName(effect.hand.name, effect.hand.unit) }))
          if (isModerator && open !== 'people' && open !== 'speaking')
            toast({ text: t('hand', { name: formatEndpointName(effect.hand.name, effect.hand.unit) }) })
          return
        case 'lobby':
          if (!isModerator || open === 'people') return
          // These are looked at in the list, not let in by the way.
          if (effect.request.resembles) {
            const { name, resembles } = effect.request
            toast({
              tone: 'warn',
              text: t('lobbyResembles', { name, removed: resembles }),
              durationMs: 20_000,
            })
            return
          }
          if (effect.request.claim) {
            const { name, claim } = effect.request
            toast({ text: t('lobbyClaim', { name, hall: claim.hall }), durationMs: 20_000 })
            return
          }
          toast({
            text: t('lobby', { name: effect.request.name }),
            durationMs: 12_000,
            action: {
              label: t('admit'),
              onPress: () => void command({ type: 'lobby_admit', requestId: effect.request.id }),
            },
          })
          return
        default:
      }
    }
    return session.onEffect(handle)
  }, [session, command, t, toast])

  return { unmuteAskedBy, answerUnmute: () => setUnmuteAskedBy(null), unread, announcement }
}

const mutedKey = (source: string): 'microphone' | 'camera' | 'screen_share' =>
  source === 'camera' || source === 'screen_share' ? source : 'microphone'
