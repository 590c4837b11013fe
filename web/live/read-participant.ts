import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import { type MeetingRole, meetingRole } from '@diemcau/core/roles.ts'
import {
  ConnectionQuality,
  type Participant,
  ParticipantKind,
  Track,
  type TrackPublication,
} from 'livekit-client'
import { type DeviceState, type LinkQuality, type ParticipantView, parseOrder } from './participant-view.ts'

/** Viewers and recorders are in the room without being part of the meeting. */
export function isShownParticipant(participant: Participant): boolean {
  if (participant.attributes.role === 'viewer' || participant.identity.startsWith('viewer:')) return false
  return participant.kind !== ParticipantKind.EGRESS && participant.kind !== ParticipantKind.AGENT
}

export function readParticipant(participant: Participant): ParticipantView {
  const { hall = '', unit = '', role, order } = participant.attributes
  const camera = participant.getTrackPublication(Track.Source.Camera)
  const screen = participant.getTrackPublication(Track.Source.ScreenShare)
  return {
    identity: participant.identity,
    participantId: participant.sid,
    name: formatEndpointName(hall, unit) || participant.name || participant.identity,
    role: readRole(role),
    order: parseOrder(order),
    isLocal: participant.isLocal,
    microphone: deviceState(participant.getTrackPublication(Track.Source.Microphone)),
    camera: deviceState(camera),
    cameraTrackId: camera?.trackSid ?? null,
    cameraPicture: pictureOf(camera),
    screenTrackId: screen?.trackSid ?? null,
    screenPicture: pictureOf(screen),
    isCameraPaused: isPaused(camera),
    isScreenPaused: isPaused(screen),
    isSpeaking: participant.isSpeaking,
    quality: linkQuality(participant.connectionQuality),
  }
}

const readRole = (text: string | undefined): MeetingRole => {
  const parsed = meetingRole.safeParse(text)
  return parsed.success ? parsed.data : 'guest'
}

const deviceState = (publication: TrackPublication | undefined): DeviceState =>
  publication === undefined ? 'none' : publication.isMuted ? 'off' : 'on'

const isPaused = (publication: TrackPublication | undefined): boolean =>
  publication?.track?.streamState === Track.StreamState.Paused

const pictureNumbers = new WeakMap<Track, number>()
let pictures = 0

/** After a full reconnect a track keeps its id but is another object, and must be attached anew. */
function pictureOf(publication: TrackPublication | undefined): number {
  const track = publication?.track
  if (!publication || !track || !publication.isSubscribed || publication.isMuted) return 0
  const known = pictureNumbers.get(track)
  if (known) return known
  pictures += 1
  pictureNumbers.set(track, pictures)
  return pictures
}

const linkQuality = (quality: ConnectionQuality): LinkQuality =>
  quality === ConnectionQuality.Poor ? 'weak' : quality === ConnectionQuality.Lost ? 'lost' : 'good'
