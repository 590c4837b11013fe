import {
  AddTrackRequest,
  type AudioTrackFeature,
  DataBlob,
  DataBlobKey,
  DataTrackInfo,
  GetDataBlobRequest,
  MuteTrackRequest,
  ParticipantTracks,
  PublishDataTrackRequest,
  PublishDataTrackResponse,
  RequestResponse_Reason as Reason,
  SessionDescription,
  type SignalRequest,
  SimulateScenario,
  StoreDataBlobRequest,
  SubscriptionPermission,
  SyncState,
  TrackPermission,
  type TrackSource,
  TrackType,
  TrickleRequest,
  UnpublishDataTrackRequest,
  UpdateDataSubscription,
  UpdateLocalAudioTrack,
  UpdateLocalVideoTrack,
  UpdateParticipantMetadata,
  UpdateSubscription,
  UpdateTrackSettings,
  UpdateVideoLayers,
} from '@livekit/protocol'
import { defaultLimits } from '../../src/room/base/limits.ts'
import { DueAnswers, dataTrackKey, trackKey, type Verdict } from './due-answers.ts'
import type { RawClient } from './raw-client.ts'
import { answerOf, offerOf } from './visitor-descriptions.ts'
import type { BlobKey, Step, Whose } from './visitor-steps.ts'

type Request = SignalRequest['message']
/** The steps that are one request each. */
type Asking = Exclude<Step, { do: 'drop' | 'resume' | 'joinAgain' | 'leave' }>
type StepOf<What extends Step['do']> = Extract<Step, { do: What }>

/** What came on a socket. */
type Received = Pick<RawClient, 'all'>

/** What it has stored here; undefined when a socket was lost with what was said on it, so that nobody knows. */
interface Stored {
  dataTracks: Map<number, string> | undefined
  blobs: Set<BlobKey> | undefined
}

/**
 * The requests of a visitor, and what is due to them on its present socket. Chooses among what came on that socket and among
 * the tracks of the honest participant.
 */
export class VisitorRequests {
  readonly #identity: string
  readonly #honestTracks: string[]
  #received: Received
  /** Gives each request something of its own; counts on over all sockets. */
  #count = 0
  #offers: number[] = []
  #due = new DueAnswers()
  #stored: Stored = { dataTracks: new Map(), blobs: new Set() }

  constructor(identity: string, honestTracks: string[], received: Received) {
    this.#identity = identity
    this.#honestTracks = honestTracks
    this.#received = received
  }

  /** Ids of the offers on this socket. */
  get offers(): readonly number[] {
    return this.#offers
  }

  /** The answers due on this socket. */
  get due(): DueAnswers {
    return this.#due
  }

  /** Nothing is due on another socket yet; who joins anew has nothing stored. */
  moveTo(received: Received, isNew: boolean): void {
    this.#received = received
    this.#offers = []
    this.#due = new DueAnswers()
    this.#stored = isNew
      ? { dataTracks: new Map(), blobs: new Set() }
      : { dataTracks: undefined, blobs: undefined }
  }

  /** The request of a step; notes the answers due to it. */
  requestOf(action: Asking): Request {
    this.#count += 1
    switch (action.do) {
      case 'addTrack':
        return this.#addTrack(action)
      case 'addCodec':
        return this.#addCodec(action.at)
      case 'offer': {
        const sdp = offerOf(this.#identity, action.cids, action.isStopped, action.ufrag)
        this.#offers.push(this.#count)
        return { case: 'offer', value: new SessionDescription({ type: 'offer', sdp, id: this.#count }) }
      }
      case 'answer': {
        const sdp = answerOf(this.#received.all('offer').at(-1)?.sdp ?? '')
        return { case: 'answer', value: new SessionDescription({ type: 'answer', sdp, id: action.id }) }
      }
      case 'trickle': {
        const texts = { '': '', json: `{"candidate":"x ${this.#count}"}`, text: `{x ${this.#count}` }
        const candidateInit = texts[action.candidate]
        if (action.candidate === 'text')
          this.#due.expect(`trickle ${candidateInit}`, Reason.UNCLASSIFIED_ERROR)
        return { case: 'trickle', value: new TrickleRequest({ candidateInit }) }
      }
      case 'mute': {
        const sid = this.#oneOf(action)
        if (action.whose !== 'own') this.#due.expect(`mute ${sid}`, Reason.NOT_FOUND)
        return { case: 'mute', value: new MuteTrackRequest({ sid, muted: action.isMuted }) }
      }
      case 'change':
        return this.#change(action)
      case 'subscribe':
        return this.#subscribe(action)
      case 'settings': {
        const { quality, isDisabled: disabled, fps } = action
        const trackSids = this.#sids(action.whose)
        const value = new UpdateTrackSettings({ trackSids, disabled, quality, fps, width: fps, height: fps })
        return { case: 'trackSetting', value }
      }
      case 'permission':
        return this.#permit(action)
      case 'metadata': {
        const { bytes } = action
        const requestId = action.hasId ? this.#count : 0
        const isOver = bytes > defaultLimits.metadataBytes
        // Without an id only a refusal is told.
        if (isOver || action.hasId)
          this.#due.expect(`updateMetadata ${requestId}`, isOver ? Reason.LIMIT_EXCEEDED : 'granted')
        const value = new UpdateParticipantMetadata({ metadata: 'm'.repeat(bytes), requestId })
        return { case: 'updateMetadata', value }
      }
      case 'syncState': {
        const trackSids = this.#sids(action.whose)
        const subscription = new UpdateSubscription({ trackSids, subscribe: true })
        // A data track that is not there any more; its handle is nobody's, so that the answer is not taken for another.
        const gone = new PublishDataTrackResponse({
          info: new DataTrackInfo({ pubHandle: 999, sid: 'DTR_x' }),
        })
        const value = new SyncState({
          subscription,
          trackSidsDisabled: trackSids,
          publishDataTracks: action.whose === 'nobody' ? [gone] : [],
        })
        if (action.whose === 'nobody') this.#due.expect('unpublishDataTrack 999')
        return { case: 'syncState', value }
      }
      case 'publishData':
        return this.#publishData(action)
      case 'unpublishData': {
        const { handle: pubHandle } = action
        const known = this.#stored.dataTracks
        this.#due.expect(
          `unpublishDataTrack ${pubHandle}`,
          known && (known.has(pubHandle) ? 'granted' : Reason.NOT_FOUND),
        )
        known?.delete(pubHandle)
        return { case: 'unpublishDataTrackRequest', value: new UnpublishDataTrackRequest({ pubHandle }) }
      }
      case 'subscribeData': {
        const sids = this.#dataSids(action.whose)
        const options = { targetFps: action.fps }
        const updates = Array.from({ length: action.times }, () =>
          sids.map(trackSid => ({ trackSid, subscribe: action.wanted, options })),
        ).flat()
        if (action.wanted && action.whose !== 'others')
          for (const sid of new Set(sids)) this.#due.expect(`subscription ${sid}`)
        return { case: 'updateDataSubscription', value: new UpdateDataSubscription({ updates }) }
      }
      case 'storeBlob': {
        const { key, bytes } = action
        const verdict = blobFault(key, bytes)
        this.#due.expect(`blob ${this.#count}`, verdict ?? 'granted')
        if (verdict === undefined) this.#stored.blobs?.add(key)
        const blob = new DataBlob({ ...blobKeyOf(key), contents: new Uint8Array(bytes) })
        const value = new StoreDataBlobRequest({ requestId: this.#count, blob })
        return { case: 'storeDataBlobRequest', value }
      }
      case 'getBlob':
        return this.#getBlob(action)
      case 'simulate':
        return this.#simulate(action)
    }
  }

  #addTrack({ kind, cid: number, source }: StepOf<'addTrack'>): Request {
    const [cid, name] = [`${this.#identity}-${number}`, `x-${this.#count}`]
    this.#due.expect(trackKey(cid, name), kind === 'DATA' ? 'refused' : undefined)
    const value = new AddTrackRequest({
      cid,
      name,
      type: TrackType[kind],
      source: source as TrackSource,
      width: 640,
      height: 360,
    })
    return { case: 'addTrack', value }
  }

  #addCodec(at: number): Request {
    const own = this.#sids('own')[at]
    const cid = `codec-${this.#count}`
    // One of its own may have ended.
    this.#due.expect(trackKey(cid, ''), own === undefined ? Reason.NOT_FOUND : undefined)
    const simulcastCodecs = [{ codec: 'vp8', cid: `backup-${at}` }]
    const sid = own ?? 'TR_nobody'
    const value = new AddTrackRequest({ cid, sid, type: TrackType.VIDEO, simulcastCodecs } as never)
    return { case: 'addTrack', value }
  }

  #change({ what, at, whose, size, many }: StepOf<'change'>): Request {
    const trackSid = this.#oneOf({ at, whose })
    const kind = { layers: 'updateLayers', audio: 'updateAudioTrack', video: 'updateVideoTrack' }[what]
    if (whose !== 'own') this.#due.expect(`${kind} ${trackSid}`, Reason.NOT_FOUND)
    if (what === 'video') {
      const value = new UpdateLocalVideoTrack({ trackSid, width: size, height: size })
      return { case: 'updateVideoTrack', value }
    }
    if (what === 'audio') {
      const features = Array.from({ length: many }, (_, index) => ((size + index) % 12) as AudioTrackFeature)
      return { case: 'updateAudioTrack', value: new UpdateLocalAudioTrack({ trackSid, features }) }
    }
    const layers = Array.from({ length: many }, (_, index) => ({
      quality: index % 5,
      width: size,
      height: size,
      bitrate: size,
      rid: 'r'.repeat(index),
    }))
    return { case: 'updateLayers', value: new UpdateVideoLayers({ trackSid, layers } as never) }
  }

  #subscribe({ wanted, whose, times, by }: StepOf<'subscribe'>): Request {
    const sids = this.#sids(whose)
    const many = Array.from({ length: times }, () => sids).flat()
    // Those that are named often are told once or as often; the first one is nobody else's.
    if (wanted && whose === 'nobody') this.#due.expect(`subscription ${sids[0]}`)
    const participantTracks = sids.map(
      sid =>
        new ParticipantTracks({ participantSid: 'PA_nobody', trackSids: many.filter(one => one === sid) }),
    )
    const value = new UpdateSubscription({
      trackSids: by === 'participants' ? [] : many,
      participantTracks: by === 'sids' ? [] : participantTracks,
      subscribe: wanted,
    })
    return { case: 'subscription', value }
  }

  #permit({ isAll, entries, isForNobody }: StepOf<'permission'>): Request {
    const entry = new TrackPermission({
      participantIdentity: isForNobody ? '' : 'honest-binh',
      // So many with many sids would be more than a message may have.
      trackSids: entries > 500 ? [] : this.#sids('own'),
    })
    const reason =
      entries > defaultLimits.permissionEntries
        ? Reason.LIMIT_EXCEEDED
        : entries > 0 && isForNobody && !isAll
          ? Reason.INVALID_REQUEST
          : undefined
    if (reason !== undefined) this.#due.expect(`permission ${reason}`, reason)
    const trackPermissions = Array.from({ length: entries }, () => entry)
    const value = new SubscriptionPermission({ allParticipants: isAll, trackPermissions })
    return { case: 'subscriptionPermission', value }
  }

  #publishData({ handle: pubHandle, name }: StepOf<'publishData'>): Request {
    const known = this.#stored.dataTracks
    const verdict = dataTrackFault(pubHandle, name) ?? (known && duplicateFault(known, pubHandle, name))
    this.#due.expect(dataTrackKey(pubHandle, name), verdict)
    if (verdict === 'granted') known?.set(pubHandle, name)
    return { case: 'publishDataTrackRequest', value: new PublishDataTrackRequest({ pubHandle, name }) }
  }

  #getBlob({ key, whose }: StepOf<'getBlob'>): Request {
    const { blobs } = this.#stored
    const known =
      whose !== 'own' ? Reason.NOT_FOUND : blobs && (blobs.has(key) ? 'granted' : Reason.NOT_FOUND)
    this.#due.expect(`blob ${this.#count}`, isKey(key) ? known : Reason.INVALID_REQUEST)
    const participantIdentity = { own: this.#identity, honest: 'honest-an', nobody: 'nobody' }[whose]
    const value = new GetDataBlobRequest({
      requestId: this.#count,
      participantIdentity,
      ...blobKeyOf(key),
    })
    return { case: 'getDataBlobRequest', value }
  }

  #simulate({ scenario, value }: StepOf<'simulate'>): Request {
    const values: Partial<Record<typeof scenario, unknown>> = {
      speakerUpdate: value | 0,
      subscriberBandwidth: BigInt(value),
      switchCandidateProtocol: value % 4,
    }
    const chosen =
      scenario === 'unknown' ? { case: undefined } : { case: scenario, value: values[scenario] ?? true }
    return { case: 'simulate', value: new SimulateScenario({ scenario: chosen } as never) }
  }

  #sids(from: Whose): string[] {
    if (from === 'honest') return this.#honestTracks
    if (from === 'nobody') return [`TR_nobody-${this.#count}`, '', 'constructor']
    return this.#received.all('trackPublished').map(({ track }) => track?.sid ?? '')
  }

  /** Of data tracks; of the other visitors as their updates tell. */
  #dataSids(from: 'own' | 'others' | 'nobody'): string[] {
    if (from === 'nobody') return [`DTR_nobody-${this.#count}`, '', 'constructor']
    if (from === 'own')
      return this.#received.all('publishDataTrackResponse').map(({ info }) => info?.sid ?? '')
    return this.#received
      .all('update')
      .flatMap(({ participants }) => participants)
      .filter(({ identity }) => identity !== this.#identity)
      .flatMap(({ dataTracks }) => dataTracks.map(({ sid }) => sid))
  }

  #oneOf({ at, whose }: { at: number; whose: Whose }): string {
    const sids = this.#sids(whose)
    return sids[at % Math.max(1, sids.length)] ?? 'TR_none'
  }
}

function dataTrackFault(handle: number, name: string): Verdict {
  if (handle === 0 || handle > 0xffff) return Reason.INVALID_HANDLE
  return name === '' || name.length > 256 ? Reason.INVALID_NAME : undefined
}
function duplicateFault(known: Map<number, string>, handle: number, name: string): Verdict {
  if (known.has(handle)) return Reason.DUPLICATE_HANDLE
  return [...known.values()].includes(name) ? Reason.DUPLICATE_NAME : 'granted'
}

const isKey = (key: BlobKey) => key === 'a' || key === 'b'
const blobFault = (key: BlobKey, bytes: number): Verdict =>
  !isKey(key) || bytes === 0
    ? Reason.INVALID_REQUEST
    : bytes > defaultLimits.dataBlobBytes
      ? Reason.LIMIT_EXCEEDED
      : undefined
function blobKeyOf(key: BlobKey): { key?: DataBlobKey } {
  if (key === 'none') return {}
  const value = key === 'empty' ? '' : key === 'long' ? 'k'.repeat(300) : key
  return { key: new DataBlobKey({ key: { case: 'generic', value } }) }
}
