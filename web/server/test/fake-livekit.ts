/**
 * The media server as the portal sees it: Twirp JSON over real HTTP, so that the stock server SDK is what is tested.
 * It keeps who is in a room with which tracks, writes calls down, and can be told to be away.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  EgressInfo,
  EgressStatus,
  ParticipantInfo,
  ParticipantPermission,
  TrackInfo,
  TrackSource,
} from 'livekit-server-sdk'

export interface Call {
  method: string
  body: Record<string, unknown>
}

export class FakeLiveKit {
  readonly calls: Call[] = []
  readonly participants = new Map<string, ParticipantInfo>()
  readonly egresses = new Map<string, EgressInfo>()
  isAway = false
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async create(): Promise<FakeLiveKit> {
    const server = createServer()
    const fake = new FakeLiveKit(server)
    server.on('request', (request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        const method = (request.url ?? '').split('/').at(-1) ?? ''
        const body = JSON.parse(text || '{}') as Record<string, unknown>
        const { status, json } = fake.#answer(method, body)
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Puts somebody with an open microphone and camera into the room. */
  addParticipant(identity: string): void {
    const track = (sid: string, source: TrackSource) => new TrackInfo({ sid, source, muted: false })
    this.participants.set(
      identity,
      new ParticipantInfo({
        identity,
        sid: `PA_${identity}`,
        permission: new ParticipantPermission({ canPublish: true, canSubscribe: true, canPublishData: true }),
        tracks: [
          track(`TR_mic_${identity}`, TrackSource.MICROPHONE),
          track(`TR_cam_${identity}`, TrackSource.CAMERA),
        ],
      }),
    )
  }

  callsOf(method: string): Record<string, unknown>[] {
    return this.calls.filter(c => c.method === method).map(c => c.body)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #answer(method: string, body: Record<string, unknown>): { status: number; json: unknown } {
    if (this.isAway) return { status: 503, json: { code: 'unavailable', msg: 'away' } }
    this.calls.push({ method, body })
    const missing = { status: 404, json: { code: 'not_found', msg: 'not found' } }
    const identity = String(body.identity ?? '')
    switch (method) {
      case 'CreateRoom':
        return { status: 200, json: { name: body.name } }
      case 'ListParticipants':
        return { status: 200, json: { participants: [...this.participants.values()].map(p => p.toJson()) } }
      case 'GetParticipant': {
        const found = this.participants.get(identity)
        return found ? { status: 200, json: found.toJson() } : missing
      }
      case 'MutePublishedTrack': {
        const track = this.participants
          .get(identity)
          ?.tracks.find(t => t.sid === (body.trackSid ?? body.track_sid))
        if (!track) return missing
        track.muted = body.muted === true
        return { status: 200, json: { track: track.toJson() } }
      }
      case 'UpdateParticipant': {
        const found = this.participants.get(identity)
        if (!found) return missing
        const given = ParticipantInfo.fromJson({ ...body, room: undefined } as never, {
          ignoreUnknownFields: true,
        })
        if (given.permission) found.permission = given.permission
        if (given.name) found.name = given.name
        for (const [key, value] of Object.entries(given.attributes))
          if (value === '') delete found.attributes[key]
          else found.attributes[key] = value
        return { status: 200, json: found.toJson() }
      }
      case 'RemoveParticipant':
        return this.participants.delete(identity) ? { status: 200, json: {} } : missing
      case 'DeleteRoom':
        return { status: 200, json: {} }
      case 'StartRoomCompositeEgress': {
        const egressId = `EG_${this.egresses.size + 1}`
        const info = new EgressInfo({
          egressId,
          roomName: String(body.roomName ?? body.room_name),
          status: EgressStatus.EGRESS_STARTING,
        })
        this.egresses.set(egressId, info)
        return { status: 200, json: info.toJson() }
      }
      case 'StopEgress': {
        const info = this.egresses.get(String(body.egressId ?? body.egress_id))
        if (!info) return missing
        // The recorder's answer to a second stop (LiveKit: failed_precondition).
        if (info.status > EgressStatus.EGRESS_ACTIVE)
          return { status: 412, json: { code: 'failed_precondition', msg: 'egress cannot be stopped' } }
        info.status = EgressStatus.EGRESS_ENDING
        return { status: 200, json: info.toJson() }
      }
      case 'ListEgress': {
        const wanted = String(body.egressId ?? body.egress_id ?? '')
        const room = String(body.roomName ?? body.room_name ?? '')
        const items = [...this.egresses.values()].filter(
          info =>
            (wanted === '' || info.egressId === wanted) &&
            (room === '' || info.roomName === room) &&
            (body.active !== true || info.status <= EgressStatus.EGRESS_ENDING),
        )
        return { status: 200, json: { items: items.map(info => info.toJson()) } }
      }
      default:
        return missing
    }
  }
}
