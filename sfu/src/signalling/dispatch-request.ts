/** SignalRequest → what the participant or the room does. docs/signalling.md is the table of this file in words. */
import { AppError } from '@diemcau/core/errors.ts'
import {
  Pong,
  RequestResponse_Reason,
  type SignalRequest,
  SubscriptionError,
  type SubscriptionPermission,
  SubscriptionResponse,
  type SyncState,
  type TrickleRequest,
  type UpdateParticipantMetadata,
  type UpdateSubscription,
  type UpdateTrackSettings,
} from '@livekit/protocol'
import { isCandidate } from '../room/base/trickle.ts'
import type { Participant } from '../room/member/participant.ts'
import type { Room } from '../room/room.ts'
import { type Outcome, respond } from './respond.ts'
import { simulateScenario } from './simulate-scenario.ts'

interface Target {
  room: Room
  participant: Participant
}

/** False for a message that has no effect here. Must not await: messages take effect in the order they came. */
export function dispatchRequest(request: SignalRequest, target: Target): boolean {
  const { participant, room } = target
  const { message } = request
  switch (message.case) {
    case 'offer':
      if (!mayDescribe(target, message.value.sdp)) return true
      void participant.publications.handleOffer(message.value)
      return true
    case 'answer':
      if (!mayDescribe(target, message.value.sdp)) return true
      void participant.handleSubscriberAnswer(message.value)
      return true
    case 'trickle':
      trickle(message.value, participant)
      return true
    case 'addTrack':
      participant.publications.addTrack(message.value)
      return true
    case 'mute':
      if (!participant.publications.setMutedByClient(message.value.sid, message.value.muted))
        trackNotFound(participant, message.value.sid, { case: 'mute', value: message.value })
      return true
    case 'updateAudioTrack':
      if (!participant.publications.setAudioFeatures(message.value.trackSid, message.value.features))
        trackNotFound(participant, message.value.trackSid, message)
      return true
    case 'updateVideoTrack': {
      const { trackSid, width, height } = message.value
      if (!participant.publications.setVideoSize(trackSid, width, height))
        trackNotFound(participant, trackSid, message)
      return true
    }
    case 'updateLayers':
      if (!participant.publications.setLayers(message.value.trackSid, message.value.layers))
        trackNotFound(participant, message.value.trackSid)
      return true
    case 'subscription':
      updateSubscription(message.value, participant)
      return true
    case 'trackSetting':
      participant.subscriptions.setSettings(sidsOf(message.value, participant), settingsOf(message.value))
      return true
    case 'subscriptionPermission':
      changeSubscriptionPermission(message.value, target)
      return true
    case 'updateMetadata':
      updateMetadata(message.value, target)
      return true
    case 'syncState':
      syncState(message.value, target)
      return true
    case 'leave':
      room.leave(participant, 'client_left')
      return true
    case 'ping':
      participant.send({ case: 'pong', value: BigInt(Date.now()) })
      return true
    case 'pingReq':
      participant.rttMs = Math.min(60_000, Math.max(0, Number(message.value.rtt)))
      participant.send({
        case: 'pongResp',
        value: new Pong({ lastPingTimestamp: message.value.timestamp, timestamp: BigInt(Date.now()) }),
      })
      return true
    case 'simulate':
      return simulateScenario(message.value, target)
    case 'publishDataTrackRequest':
      room.data.tracks.publish(participant, message.value)
      return true
    case 'unpublishDataTrackRequest':
      room.data.tracks.unpublish(participant, message.value)
      return true
    case 'updateDataSubscription':
      room.data.tracks.updateSubscription(participant, message.value)
      return true
    case 'storeDataBlobRequest':
      room.data.blobs.store(participant, message.value)
      return true
    case 'getDataBlobRequest':
      room.data.blobs.get(participant, message.value)
      return true
    default:
      return false
  }
}

/**
 * ICE-lite: we answer the client's checks and need none of its candidates. One that is no RTCIceCandidateInit is told,
 * as by LiveKit.
 */
function trickle(request: TrickleRequest, participant: Participant): void {
  if (isCandidate(request.candidateInit)) return
  respond(participant, {
    reason: RequestResponse_Reason.UNCLASSIFIED_ERROR,
    message: 'candidateInit is not JSON',
    request: { case: 'trickle', value: request },
  })
}

function trackNotFound(participant: Participant, trackSid: string, request?: Outcome['request']): void {
  const message = `no such track of yours: ${trackSid.slice(0, 64)}`
  respond(participant, {
    reason: RequestResponse_Reason.NOT_FOUND,
    message,
    ...(request ? { request } : {}),
  })
}

const sidsOf = (update: { trackSids: string[] }, { budget }: Participant): string[] =>
  update.trackSids.slice(0, budget.limits.sidsPerMessage)

/** Whether a description may be read. A participant that sends too many bytes of them has to go, because its client would hang without an answer. */
function mayDescribe({ participant, room }: Target, sdp: string): boolean {
  if (participant.budget.mayDescribe(sdp.length)) return true
  room.leave(participant, 'bad_sdp')
  return false
}

/** A list that is over the limit, or has an entry that names nobody, is refused as a whole: a part of it would allow or forbid what nobody asked for. */
function changeSubscriptionPermission(
  permission: SubscriptionPermission,
  { participant, room }: Target,
): void {
  const { permissionEntries } = participant.budget.limits
  const { allParticipants, trackPermissions } = permission
  const isForNobody = trackPermissions.some(
    ({ participantSid, participantIdentity }) => participantSid === '' && participantIdentity === '',
  )
  if (trackPermissions.length > permissionEntries)
    respond(participant, {
      reason: RequestResponse_Reason.LIMIT_EXCEEDED,
      message: `more than ${permissionEntries} track permissions`,
    })
  else if (isForNobody && !allParticipants)
    respond(participant, {
      reason: RequestResponse_Reason.INVALID_REQUEST,
      message: 'a track permission names no participant',
    })
  else if (!participant.budget.mayChangeSubscribers())
    respond(participant, {
      reason: RequestResponse_Reason.LIMIT_EXCEEDED,
      message: 'too many changes of who may subscribe',
    })
  else room.changeSubscriptionPermission(participant, permission)
}

/** livekit-client names each track in both lists. */
const tracksNamedIn = (update: UpdateSubscription): string[] => [
  ...new Set([...update.trackSids, ...update.participantTracks.flatMap(tracks => tracks.trackSids)]),
]

function updateSubscription(update: UpdateSubscription, participant: Participant): void {
  const { sidsPerMessage, unknownTracksTold } = participant.budget.limits
  const sids = tracksNamedIn(update).slice(0, sidsPerMessage)
  const unknown = participant.subscriptions.setWanted(sids, update.subscribe)
  if (!update.subscribe) return
  for (const trackSid of unknown.slice(0, unknownTracksTold))
    participant.send({
      case: 'subscriptionResponse',
      value: new SubscriptionResponse({ trackSid, err: SubscriptionError.SE_TRACK_NOTFOUND }),
    })
}

const settingsOf = (update: UpdateTrackSettings) => ({
  disabled: update.disabled,
  // OFF (3) is said by `disabled`; anything else out of range counts as HIGH.
  quality: update.quality >= 0 && update.quality <= 2 ? update.quality : 2,
  width: update.width,
  height: update.height,
  fps: update.fps,
  priority: update.priority,
})

/** Needs canUpdateOwnMetadata. Empty strings leave metadata and name as they are, as in LiveKit. */
function updateMetadata(update: UpdateParticipantMetadata, { participant, room }: Target): void {
  const { requestId } = update
  const answer = (reason: RequestResponse_Reason, message: string) => {
    // Older clients send no request id and wait for no answer. They are told of a refusal all the same.
    if (requestId === 0 && reason === RequestResponse_Reason.OK) return
    respond(participant, { reason, message, requestId, request: { case: 'updateMetadata', value: update } })
  }
  if (!participant.permission.canUpdateMetadata) {
    answer(RequestResponse_Reason.NOT_ALLOWED, 'the token does not allow changing own metadata')
    return
  }
  if (!participant.budget.mayChangeProfile(update.toBinary().length)) {
    answer(RequestResponse_Reason.LIMIT_EXCEEDED, 'too many changes of the profile')
    return
  }
  try {
    room.changes.profile(participant, {
      ...(update.metadata === '' ? {} : { metadata: update.metadata }),
      ...(update.name === '' ? {} : { name: update.name }),
      attributes: update.attributes,
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const isText = error.code === 'invalid_argument'
    answer(
      isText ? RequestResponse_Reason.INVALID_REQUEST : RequestResponse_Reason.LIMIT_EXCEEDED,
      error.message,
    )
    return
  }
  answer(RequestResponse_Reason.OK, '')
}

/** SyncState: what the client believes after a resume. Its tracks and subscriptions were kept here, so only the differences matter. */
function syncState(state: SyncState, { participant, room }: Target): void {
  const { sidsPerMessage, unknownTracksTold } = participant.budget.limits
  if (state.subscription) {
    const { subscribe } = state.subscription
    const trackSids = tracksNamedIn(state.subscription)
    // When the list is cut off, a track that it does not name may stand in the rest of it.
    if (trackSids.length > sidsPerMessage)
      participant.subscriptions.setWanted(trackSids.slice(0, sidsPerMessage), subscribe)
    else participant.subscriptions.syncWanted(trackSids, subscribe)
  }
  participant.subscriptions.setDisabled(state.trackSidsDisabled.slice(0, sidsPerMessage))
  const published = state.publishTracks.map(track => track.track?.sid ?? '').filter(sid => sid !== '')
  participant.publications.syncClient(published.slice(0, unknownTracksTold))
  room.data.sync(participant, state)
}
