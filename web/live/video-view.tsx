'use client'
import { type Room, Track } from 'livekit-client'
import { memo, useEffect, useRef } from 'react'
import type { StageSource } from './stage-plan.ts'

const SOURCES = { camera: Track.Source.Camera, screen_share: Track.Source.ScreenShare }

export interface VideoViewProps {
  room: Room
  identity: string
  source: StageSource
  /** `cameraPicture` or `screenPicture` of the participant; 0 draws nothing. */
  picture: number
  isMirrored?: boolean
  className?: string
  testId?: string
}

/** Draws one participant's picture. livekit measures the element and asks the server for that size. */
export const VideoView = memo(function VideoView(props: VideoViewProps) {
  const { room, identity, source, picture, isMirrored = false, className, testId = 'video' } = props
  const element = useRef<HTMLVideoElement>(null)

  useEffect(() => {
    const video = element.current
    const track = room.getParticipantByIdentity(identity)?.getTrackPublication(SOURCES[source])?.track
    if (!video || !track || picture === 0) return
    track.attach(video)
    return () => {
      track.detach(video)
    }
  }, [room, identity, source, picture])

  return (
    <video
      ref={element}
      muted
      autoPlay
      playsInline
      disablePictureInPicture
      data-testid={testId}
      data-picture={picture > 0}
      className={className}
      style={isMirrored ? { transform: 'scaleX(-1)' } : undefined}
    />
  )
})
