/** Changes of a participant's profile and permissions, by itself or by the API, and what follows from them for it and the others. */
import type { ParticipantPermission } from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { changedProfile, type Profile } from '../base/metadata.ts'
import type { RoomCaptures } from '../capture/room-captures.ts'
import type { DataTracks } from '../data/data-tracks.ts'
import type { Participant } from '../member/participant.ts'
import type { RoomView } from '../member/room-view.ts'
import { changesOf, type MemberProfile, ownedPermission, secondsOf } from '../member/second-connections.ts'
import type { RoomBroadcast } from './room-broadcast.ts'

export interface ParticipantChangesDeps {
  room: RoomView
  broadcast: RoomBroadcast
  captures: RoomCaptures
  dataTracks: DataTracks
  limits: RoomLimits
  log: Log
  now(): number
  /** A profile or permission has changed: perhaps somebody has the floor now. */
  floorChanged(): void
}

export class ParticipantChanges {
  readonly #deps: ParticipantChangesDeps

  constructor(deps: ParticipantChangesDeps) {
    this.#deps = deps
  }

  /** Name, metadata, attributes. Throws AppError('resource_exhausted'). */
  profile(participant: Participant, changes: Partial<Profile>): void {
    const { room, broadcast, captures, limits, now } = this.#deps
    const next = changedProfile(participant, changes, limits)
    if (!next) return
    participant.facts.setProfile(next)
    this.#deps.floorChanged()
    participant.token.refresh()
    broadcast.participant(participant, { isPrompt: true, isToSelf: true })
    const { id: participantId, identity, name, attributes } = participant
    captures.notify({ type: 'participant_updated', at: now(), participantId, identity, name, attributes })
    for (const second of secondsOf(room, identity)) this.profile(second, changes)
  }

  /**
   * A whole new permission set: takes down what it no longer allows. `hidden` follows only while nothing is published:
   * then showing is an arrival and hiding a departure, and no track can be half-way between the two.
   */
  permission(participant: Participant, permission: ParticipantPermission): void {
    const { room, broadcast, dataTracks } = this.#deps
    const { facts } = participant
    const wasRecorder = participant.permission.recorder
    const wasHidden = participant.isHidden
    const wantsHidden = permission.hidden
    permission.hidden = wasHidden
    facts.setPermission(permission)
    this.#deps.floorChanged()
    participant.publications.dropDisallowed()
    dataTracks.permissionChanged(participant)
    const isSilent = participant.publications.published().length === 0 && facts.dataTracks.length === 0
    if (wantsHidden && !wasHidden && isSilent) {
      facts.touch()
      broadcast.departure(participant)
    }
    if (isSilent) permission.hidden = wantsHidden
    facts.touch()
    participant.token.refresh()
    participant.subscriptions.reevaluate()
    broadcast.participant(participant, { isPrompt: true, isToSelf: true })
    if (permission.recorder !== wasRecorder) broadcast.room()
    else if (permission.hidden !== wasHidden) broadcast.counts()
    for (const second of secondsOf(room, participant.identity))
      this.permission(second, ownedPermission(permission))
  }

  /** The owner of second connections here has its own connection on another node, where its profile or permission has changed. */
  followOwner(owner: MemberProfile & { identity: string }, before: MemberProfile): void {
    const { room, log } = this.#deps
    const changes = changesOf(before, owner)
    for (const second of secondsOf(room, owner.identity)) {
      try {
        this.profile(second, changes)
      } catch (error) {
        // Together with what it has said of itself it is too long.
        log.warn({ err: error, participantId: second.id }, 'a second connection cannot be like its owner')
      }
      if (owner.permission !== before.permission) this.permission(second, ownedPermission(owner.permission))
    }
  }
}
