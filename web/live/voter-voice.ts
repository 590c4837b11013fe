/** The microphone of a viewer who was given the floor; sound only. */
import { RoomEvent, Track } from 'livekit-client'
import { type MediaRoom, mayPublishMicrophone } from './media-room.ts'

/** The media server hears of the floor a moment after everybody else, ms. */
const PERMISSION_WAIT_MS = 8_000

/** Rejects with the browser's error when the microphone cannot be opened. */
export async function openVoice(media: MediaRoom): Promise<void> {
  await permissionToSpeak(media)
  await media.local.setMicrophone(true)
}

/** Gives the device back; what is sent ended with the permission already. */
export async function closeVoice(media: MediaRoom): Promise<void> {
  await media.local.setMicrophone(false)
  const { localParticipant } = media.room
  const track = localParticipant.getTrackPublication(Track.Source.Microphone)?.track
  if (track) await localParticipant.unpublishTrack(track, true)
}

/** Resolves when the media server takes a microphone from here, or when it should long have done so. */
export async function permissionToSpeak({ room }: MediaRoom): Promise<void> {
  const isAllowed = () => {
    const { canPublish = false, canPublishSources = [] } = room.localParticipant.permissions ?? {}
    return canPublish && mayPublishMicrophone(canPublishSources)
  }
  if (isAllowed()) return
  await new Promise<void>(resolve => {
    const settle = () => {
      clearTimeout(timer)
      room.off(RoomEvent.ParticipantPermissionsChanged, check)
      resolve()
    }
    const check = () => {
      if (isAllowed()) settle()
    }
    // Publishing says why it is refused, better than a time that has run out.
    const timer = setTimeout(settle, PERMISSION_WAIT_MS)
    room.on(RoomEvent.ParticipantPermissionsChanged, check)
  })
}
