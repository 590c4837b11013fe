'use client'
import {
  createLocalAudioTrack,
  createLocalTracks,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalTrack,
  type LocalVideoTrack,
  Track,
} from 'livekit-client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { type DeviceProblem, deviceProblem } from '../../../live/device-problem.ts'
import { audioCapture, type DeviceChoice, videoCapture } from '../../../live/media-options.ts'

export interface Preview {
  audio: LocalAudioTrack | null
  video: LocalVideoTrack | null
  audioProblem: DeviceProblem | null
  videoProblem: DeviceProblem | null
  /** While the browser asks for permission or a device starts. */
  isStarting: boolean
}

/** Longer than a slow camera takes to start; a question of the browser that nobody answers does not hold up the person. */
const HAND_OVER_WAIT_MS = 5000

const nothing: Preview = {
  audio: null,
  video: null,
  audioProblem: null,
  videoProblem: null,
  isStarting: false,
}

export interface PreviewControl extends Preview {
  /** Opens again what is wanted and not open. */
  retry: () => void
  /**
   * Waits a few seconds for devices that are still starting, then the tracks belong to the caller and no other is opened; `takeBack` undoes
   * it when joining failed.
   */
  handOver: () => Promise<LocalTrack[]>
  takeBack: () => void
}

/**
 * Opens camera and microphone as wanted. Both are asked for with one question to the person; when that fails each is
 * tried alone, so that a missing camera does not cost the sound. What is not handed over is stopped on unmount.
 */
export function usePreview(
  wants: { microphone: boolean; camera: boolean },
  choice: DeviceChoice,
): PreviewControl {
  const [preview, setPreview] = useState(nothing)
  const held = useRef<{ audio: LocalAudioTrack | null; video: LocalVideoTrack | null }>({
    audio: null,
    video: null,
  })
  const isHandedOver = useRef(false)
  const queue = useRef<Promise<void>>(Promise.resolve())
  const [attempt, setAttempt] = useState(0)
  const { microphone, camera } = wants
  const { microphoneId, cameraId, savesData } = choice

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` only repeats it; the speaker is not opened here.
  useEffect(() => {
    let isCurrent = true
    const apply = async () => {
      if (!isCurrent || isHandedOver.current) return
      const key = { audio: `${microphoneId}`, video: `${cameraId}|${savesData}` }
      const keep = held.current
      if (keep.audio && (!microphone || settingsOf.get(keep.audio) !== key.audio)) stop('audio')
      if (keep.video && (!camera || settingsOf.get(keep.video) !== key.video)) stop('video')
      const needsAudio = microphone && !keep.audio
      const needsVideo = camera && !keep.video
      setPreview({ ...keep, audioProblem: null, videoProblem: null, isStarting: needsAudio || needsVideo })
      const opened = await open(needsAudio ? choice : null, needsVideo ? choice : null)
      if (opened.audio) settingsOf.set(opened.audio, key.audio)
      if (opened.video) settingsOf.set(opened.video, key.video)
      // What started too late to be handed over is opened by whoever has the others now.
      if (!isCurrent || isHandedOver.current) {
        opened.audio?.stop()
        opened.video?.stop()
        return
      }
      held.current = { audio: opened.audio ?? keep.audio, video: opened.video ?? keep.video }
      setPreview({ ...opened, ...held.current, isStarting: false })
    }
    const stop = (kind: 'audio' | 'video') => {
      held.current[kind]?.stop()
      held.current[kind] = null
    }
    queue.current = queue.current.then(apply)
    return () => {
      isCurrent = false
    }
  }, [microphone, camera, microphoneId, cameraId, savesData, attempt])

  useEffect(
    () => () => {
      if (isHandedOver.current) return
      held.current.audio?.stop()
      held.current.video?.stop()
      held.current = { audio: null, video: null }
    },
    [],
  )

  return {
    ...preview,
    retry: useCallback(() => setAttempt(count => count + 1), []),
    handOver: useCallback(async () => {
      await Promise.race([queue.current, new Promise(resolve => setTimeout(resolve, HAND_OVER_WAIT_MS))])
      isHandedOver.current = true
      return [held.current.audio, held.current.video].filter(track => track !== null)
    }, []),
    takeBack: useCallback(() => {
      if (!isHandedOver.current) return
      isHandedOver.current = false
      setAttempt(count => count + 1)
    }, []),
  }
}

/** With which settings a track was opened, to know when it must be opened anew. */
const settingsOf = new WeakMap<LocalTrack, string>()

interface Opened extends Omit<Preview, 'isStarting'> {}

async function open(audio: DeviceChoice | null, video: DeviceChoice | null): Promise<Opened> {
  const opened: Opened = { audio: null, video: null, audioProblem: null, videoProblem: null }
  if (!audio && !video) return opened
  if (!navigator.mediaDevices) {
    const problem = window.isSecureContext ? 'unsupported' : 'insecure'
    return { ...opened, audioProblem: audio ? problem : null, videoProblem: video ? problem : null }
  }
  if (audio && video) {
    try {
      const tracks = await createLocalTracks({ audio: audioCapture(audio), video: videoCapture(video) })
      opened.audio = (tracks.find(track => track.kind === Track.Kind.Audio) as LocalAudioTrack) ?? null
      opened.video = (tracks.find(track => track.kind === Track.Kind.Video) as LocalVideoTrack) ?? null
      return opened
    } catch {
      // One of the two fails: find out which.
    }
  }
  if (audio) {
    try {
      opened.audio = await createLocalAudioTrack(audioCapture(audio))
    } catch (error) {
      opened.audioProblem = deviceProblem(error)
    }
  }
  if (video) {
    try {
      opened.video = await createLocalVideoTrack(videoCapture(video))
    } catch (error) {
      opened.videoProblem = deviceProblem(error)
    }
  }
  return opened
}
