'use client'
import { Mic, MicOff } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import { type DeviceProblem, deviceProblem } from '../../live/device-problem.ts'
import type { MeetingSession } from '../../live/meeting-session.ts'
import { useStore } from '../../live/use-store.ts'
import { closeVoice, openVoice } from '../../live/voter-voice.ts'
import { Button } from '../../ui/button.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Follows the floor: asks for the microphone when it is given, gives the device back when it is taken. */
export function WatchVoice({
  session,
  hasFloor,
  isRecording,
}: {
  session: MeetingSession
  hasFloor: boolean
  isRecording: boolean
}) {
  const t = useTranslations('room.watch.floor')
  const toast = useToast()
  const hadFloor = useRef(false)
  useEffect(() => {
    if (hadFloor.current && !hasFloor) {
      void closeVoice(session.media).catch(() => undefined)
      toast({ text: t('ended') })
    }
    hadFloor.current = hasFloor
  }, [hasFloor, session, t, toast])
  return hasFloor ? <VoicePanel session={session} isRecording={isRecording} /> : null
}

/** Stays at the foot of the page, so that it is at hand wherever one has scrolled to. */
function VoicePanel({ session, isRecording }: { session: MeetingSession; isRecording: boolean }) {
  const t = useTranslations('room')
  const media = useStore(session.media.view)
  const [step, setStep] = useState<'asked' | 'opening' | 'open'>('asked')
  const [problem, setProblem] = useState<DeviceProblem | null>(null)
  const first = useRef<HTMLButtonElement>(null)
  const isOn = media.microphone === 'on'
  useEffect(() => first.current?.focus(), [])

  const open = async () => {
    setStep('opening')
    setProblem(null)
    // The same tap opens the ears: whoever speaks must hear the answer.
    void session.media.startSound().catch(() => undefined)
    try {
      await openVoice(session.media)
      setStep('open')
    } catch (error) {
      console.warn('The microphone could not be used.', error)
      setProblem(deviceProblem(error))
      setStep('asked')
    }
  }
  const finish = () => void session.floor.send({ type: 'take_floor' })
  const toggle = () =>
    void session.media.local.setMicrophone(!isOn).catch(error => setProblem(deviceProblem(error)))

  return (
    <section
      aria-label={t('watch.floor.label')}
      data-testid="watch-voice"
      data-state={step === 'open' ? (isOn ? 'on' : 'off') : step}
      className="fixed inset-x-0 bottom-0 z-20 lg:left-auto lg:w-96 2xl:w-[30rem] border-t-4 border-accent bg-raised px-4 pt-3 pb-[max(1rem,env(safe-area-inset-bottom))] text-text shadow-pop"
    >
      <div className="mx-auto flex max-w-2xl flex-col gap-3">
        <div role="status">
          <p className="flex items-center gap-2 text-xl font-semibold">
            {step === 'open' && (isOn ? <Mic aria-hidden /> : <MicOff aria-hidden />)}
            {step !== 'open'
              ? t('watch.floor.invited')
              : isOn
                ? t('watch.floor.speaking')
                : t('watch.floor.micOff')}
          </p>
          {step !== 'open' && <p className="mt-1">{t('watch.floor.text')}</p>}
          {isRecording && <p className="mt-1">{t('watch.recordedVoice')}</p>}
        </div>
        {problem && (
          <p role="alert" data-testid="voice-problem" className="text-danger">
            {t(`device.microphone.${problem}`)} {t(`device.inRoom.${problem}`)}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          {step === 'open' ? (
            <Button size="lg" data-testid="voice-toggle" onClick={toggle}>
              {isOn ? t('watch.floor.mute') : t('watch.floor.unmute')}
            </Button>
          ) : (
            <Button
              ref={first}
              variant="primary"
              size="lg"
              data-testid="voice-open"
              pending={step === 'opening'}
              icon={<Mic aria-hidden />}
              onClick={() => void open()}
            >
              {step === 'opening' ? t('watch.floor.opening') : t('watch.floor.open')}
            </Button>
          )}
          <Button size="lg" data-testid="voice-done" onClick={finish}>
            {step === 'open' ? t('watch.floor.done') : t('watch.floor.decline')}
          </Button>
        </div>
      </div>
    </section>
  )
}
