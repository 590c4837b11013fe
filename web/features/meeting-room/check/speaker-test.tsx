'use client'
import { Volume2 } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { useState } from 'react'
import { Button } from '../../../ui/button.tsx'

const TONES_HZ = [523, 659, 784]
const TONE_MS = 260

/** Plays three notes on the chosen speaker. Rejects when the browser does not let sound out. */
async function playTones(speakerId: string): Promise<void> {
  const context = new AudioContext()
  try {
    if (speakerId && 'setSinkId' in context)
      await (context as AudioContext & { setSinkId: (id: string) => Promise<void> }).setSinkId(speakerId)
    await context.resume()
    TONES_HZ.forEach((frequency, index) => {
      const start = context.currentTime + (index * TONE_MS) / 1000
      const gain = context.createGain()
      gain.gain.setValueAtTime(0, start)
      gain.gain.linearRampToValueAtTime(0.25, start + 0.02)
      gain.gain.linearRampToValueAtTime(0, start + TONE_MS / 1000)
      const tone = context.createOscillator()
      tone.frequency.value = frequency
      tone.connect(gain).connect(context.destination)
      tone.start(start)
      tone.stop(start + TONE_MS / 1000)
    })
    await new Promise(resolve => setTimeout(resolve, TONES_HZ.length * TONE_MS + 150))
  } finally {
    await context.close().catch(() => {})
  }
}

export function SpeakerTest({ speakerId }: { speakerId: string }) {
  const t = useTranslations('room.check')
  const [state, setState] = useState<'idle' | 'playing' | 'played' | 'failed'>('idle')
  const play = async () => {
    setState('playing')
    try {
      await playTones(speakerId)
      setState('played')
    } catch {
      setState('failed')
    }
  }
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Button
        data-testid="speaker-test"
        icon={<Volume2 aria-hidden />}
        pending={state === 'playing'}
        onClick={play}
      >
        {t('speakerTest')}
      </Button>
      <span role="status" className="text-sm text-muted">
        {state === 'playing' && t('speakerPlaying')}
        {state === 'played' && t('speakerPlayed')}
        {state === 'failed' && t('speakerFailed')}
      </span>
    </div>
  )
}
