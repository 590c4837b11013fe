/** The portal's calls to the media side: RoomService and Egress of the LiveKit API, and nothing else. */
import { FLOOR_ATTRIBUTE, isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { ApiKey } from '@diemcau/core/livekit/access-token.ts'
import { verifyWebhook } from '@diemcau/core/livekit/webhook-signature.ts'
import {
  EgressClient,
  type EgressInfo,
  EncodedFileOutput,
  EncodedFileType,
  type ParticipantInfo,
  ParticipantPermission,
  RoomServiceClient,
  TrackSource,
  TwirpError,
} from 'livekit-server-sdk'
import type { RoomSettings } from './room-settings.ts'

export type MediaSource = 'microphone' | 'camera' | 'screen_share'

const sources: Record<MediaSource, TrackSource[]> = {
  microphone: [TrackSource.MICROPHONE],
  camera: [TrackSource.CAMERA],
  screen_share: [TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO],
}
/** What participants may publish while the chair keeps the microphones. */
const SOURCES_WITHOUT_MICROPHONE = [...sources.camera, ...sources.screen_share]
const REQUEST_TIMEOUT_S = 8
/** A hall full of people joins at once; one question is enough. */
const ENSURE_EVERY_MS = 30_000

const isNotFound = (error: unknown): boolean => error instanceof TwirpError && error.code === 'not_found'
/** The recorder's word for a stop that came before: by another job, or because the room closed first. */
const isPrecondition = (error: unknown): boolean =>
  error instanceof TwirpError && error.code === 'failed_precondition'

/** Vendor errors end here: the caller sees `media_unavailable` with the cause. */
async function wrapped<T>(call: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new AppError('media_unavailable', `${call} failed`, { cause: error })
  }
}

export class MediaClient {
  readonly #rooms: RoomServiceClient
  readonly #egress: EgressClient
  readonly #keys: readonly ApiKey[]
  readonly #ensuredAt = new Map<string, number>()

  constructor(livekit: { url: string; apiKey: string; apiSecret: string }) {
    const options = { requestTimeout: REQUEST_TIMEOUT_S, failover: false }
    this.#rooms = new RoomServiceClient(livekit.url, livekit.apiKey, livekit.apiSecret, options)
    this.#egress = new EgressClient(livekit.url, livekit.apiKey, livekit.apiSecret, options)
    this.#keys = [{ key: livekit.apiKey, secret: livekit.apiSecret }]
  }

  /** @throws AppError `invalid_signature` when the body is not signed with our key. */
  async verifyWebhook(body: string, authorization: string | null): Promise<void> {
    await verifyWebhook(body, authorization, this.#keys)
  }

  /** CreateRoom is idempotent: an existing room is answered as it is. Asked at most every half minute a room. */
  async ensureRoom(name: string, settings: RoomSettings): Promise<void> {
    const now = Date.now()
    for (const [room, at] of this.#ensuredAt) if (now - at > ENSURE_EVERY_MS) this.#ensuredAt.delete(room)
    if (this.#ensuredAt.has(name)) return
    await wrapped('CreateRoom', () => this.#rooms.createRoom({ name, ...settings }))
    this.#ensuredAt.set(name, now)
  }

  /** Mutes what `identity` publishes from `source`; false when they publish nothing of it. */
  async mute(room: string, identity: string, source: MediaSource): Promise<boolean> {
    return await wrapped('MutePublishedTrack', async () => {
      const participant = await this.#participant(room, identity)
      return participant ? await this.#muteTracks(room, participant, source) : false
    })
  }

  /** Mutes every microphone except those of `except`; returns how many were open. */
  async muteAll(room: string, except: ReadonlySet<string>): Promise<number> {
    return await wrapped('MutePublishedTrack', async () => {
      const participants = (await this.#rooms.listParticipants(room).catch(emptyWhenNotFound)).filter(
        p => !except.has(p.identity),
      )
      const results = await Promise.allSettled(participants.map(p => this.#muteTracks(room, p, 'microphone')))
      const failure = results.find(r => r.status === 'rejected')
      if (failure) throw failure.reason
      return results.filter(r => r.status === 'fulfilled' && r.value).length
    })
  }

  /**
   * Lets a viewer be seen by name and send sound that everybody hears, or (null) takes all of it back: what they send ends at once.
   * It is no error when they are not there.
   */
  async setVoice(
    room: string,
    identity: string,
    speaker: { name: string; unit: string } | null,
  ): Promise<void> {
    const permission = {
      canSubscribe: true,
      canPublish: speaker !== null,
      canPublishData: false,
      canPublishSources: speaker ? [TrackSource.MICROPHONE] : [],
      hidden: speaker === null,
    }
    const profile: { name?: string; attributes: Record<string, string> } = speaker
      ? {
          name: speaker.name,
          attributes: {
            role: 'viewer',
            hall: speaker.name,
            unit: speaker.unit,
            [FLOOR_ATTRIBUTE]: '1',
          },
        }
      : { attributes: { [FLOOR_ATTRIBUTE]: '' } }
    await wrapped('UpdateParticipant', () =>
      this.#rooms.updateParticipant(room, identity, { ...profile, permission }).catch(ignoreNotFound),
    )
  }

  /**
   * Puts a participant out and makes the tokens they have worthless; it is no error when they are not there. Tokens count by
   * whole seconds: one given in this very second is refused, too, and whoever may come back asks again a moment later.
   */
  async remove(room: string, identity: string): Promise<void> {
    const revokeTokenTs = BigInt(Math.floor(Date.now() / 1000) + 1)
    await wrapped('RemoveParticipant', () =>
      this.#rooms.removeParticipant(room, identity, { revokeTokenTs }).catch(ignoreNotFound),
    )
  }

  /** Takes the right to publish a microphone from these participants, and gives it back to all others who may publish. */
  async holdMicrophones(room: string, identities: ReadonlySet<string>): Promise<void> {
    await wrapped('UpdateParticipant', async () => {
      const participants = await this.#rooms.listParticipants(room).catch(emptyWhenNotFound)
      const results = await Promise.allSettled(
        participants.map(p => this.#setMicrophone(room, p, !identities.has(p.identity))),
      )
      const failure = results.find(r => r.status === 'rejected')
      if (failure) throw failure.reason
    })
  }

  /** Lets one participant publish a microphone again; no error when they are not there. */
  async releaseMicrophone(room: string, identity: string): Promise<void> {
    await wrapped('UpdateParticipant', async () => {
      const participant = await this.#participant(room, identity)
      if (participant) await this.#setMicrophone(room, participant, true)
    })
  }

  async #setMicrophone(room: string, participant: ParticipantInfo, isAllowed: boolean): Promise<void> {
    const { permission } = participant
    // What a viewer may send follows from having the floor (`setVoice`).
    if (!permission?.canPublish || isViewerIdentity(participant.identity)) return
    const isHeld = permission.canPublishSources.length > 0
    if (isHeld === !isAllowed) return
    const canPublishSources = isAllowed ? [] : SOURCES_WITHOUT_MICROPHONE
    await this.#rooms
      .updateParticipant(room, participant.identity, {
        permission: new ParticipantPermission({ ...permission, canPublishSources }),
      })
      .catch(error => {
        if (!isNotFound(error)) throw error
      })
  }

  async deleteRoom(room: string): Promise<void> {
    await wrapped('DeleteRoom', () => this.#rooms.deleteRoom(room).catch(ignoreNotFound))
  }

  async startRecording(room: string, layout: 'speaker' | 'grid'): Promise<EgressInfo> {
    const file = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: room })
    return await wrapped('StartRoomCompositeEgress', () =>
      this.#egress.startRoomCompositeEgress(room, { file }, { layout }),
    )
  }

  /** Null when there is nothing to stop: it ended already, or the recorder does not know it any more. */
  async stopRecording(egressId: string): Promise<EgressInfo | null> {
    return await wrapped('StopEgress', () =>
      this.#egress.stopEgress(egressId).catch(error => {
        if (isNotFound(error) || isPrecondition(error)) return null
        throw error
      }),
    )
  }

  /** What the recorder has under way in this room. */
  async listRunning(room: string): Promise<EgressInfo[]> {
    return await wrapped('ListEgress', () => this.#egress.listEgress({ roomName: room, active: true }))
  }

  async findRecording(egressId: string): Promise<EgressInfo | null> {
    return await wrapped('ListEgress', async () => (await this.#egress.listEgress({ egressId }))[0] ?? null)
  }

  async #participant(room: string, identity: string): Promise<ParticipantInfo | null> {
    return await this.#rooms.getParticipant(room, identity).catch(error => {
      if (isNotFound(error)) return null
      throw error
    })
  }

  async #muteTracks(room: string, participant: ParticipantInfo, source: MediaSource): Promise<boolean> {
    const open = participant.tracks.filter(t => sources[source].includes(t.source) && !t.muted)
    for (const track of open)
      await this.#rooms.mutePublishedTrack(room, participant.identity, track.sid, true)
    return open.length > 0
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

function emptyWhenNotFound(error: unknown): ParticipantInfo[] {
  if (isNotFound(error)) return []
  throw error
}
