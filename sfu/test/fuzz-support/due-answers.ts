import {
  RequestResponse_Reason as Reason,
  type RequestResponse,
  type SignalResponse,
} from '@livekit/protocol'

/** What the answer to one request has to say: yes, no, no for this reason, or (undefined) anything. */
export type Verdict = 'granted' | 'refused' | Reason | undefined
interface Answer {
  /** Kind of the request and what tells it from others of the kind. */
  key: string
  reason: Reason
}

/**
 * What is due to the requests of one socket. Each is known by its kind and something of its own, so that the answer to one
 * is never taken for the answer to another; those that are alike are answered in the order they came.
 */
export class DueAnswers {
  readonly #verdicts = new Map<string, Verdict[]>()

  expect(key: string, verdict?: Verdict): void {
    const verdicts = this.#verdicts.get(key) ?? []
    verdicts.push(verdict)
    this.#verdicts.set(key, verdicts)
  }

  /**
   * How many answers are as they have to be. @throws Error when one is missing or says something else; there may be more than
   * were asked for
   */
  compare(received: readonly SignalResponse['message'][]): number {
    const answers = new Map<string, Reason[]>()
    for (const message of received) {
      const answer = answerOf(message)
      if (answer) answers.set(answer.key, [...(answers.get(answer.key) ?? []), answer.reason])
    }
    for (const [key, verdicts] of this.#verdicts) {
      const reasons = answers.get(key) ?? []
      if (reasons.length < verdicts.length)
        throw new Error(`${key}: asked ${verdicts.length} times, answered ${reasons.length} times`)
      for (const [index, verdict] of verdicts.entries()) {
        const reason = reasons[index] ?? Reason.OK
        if (!isSo(verdict, reason))
          throw new Error(`${key}: ${wordOf(verdict)} was due, not ${Reason[reason]}`)
      }
    }
    return [...this.#verdicts.values()].flat().length
  }
}

const isSo = (verdict: Verdict, reason: Reason): boolean => {
  if (verdict === undefined) return true
  if (verdict === 'refused') return reason !== Reason.OK
  return reason === (verdict === 'granted' ? Reason.OK : verdict)
}
const wordOf = (verdict: Verdict) => (typeof verdict === 'number' ? Reason[verdict] : String(verdict))

/** Of AddTrackRequest: a further codec names a track, and the answer to it bears that track's name. */
export const trackKey = (cid: string, name: string) => `addTrack ${cid.startsWith('codec-') ? cid : name}`
export const dataTrackKey = (handle: number, name: string) => `publishDataTrack ${handle} ${name}`

function answerOf({ case: kind, value }: SignalResponse['message']): Answer | undefined {
  const granted = (key: string) => ({ key, reason: Reason.OK })
  switch (kind) {
    case 'requestResponse':
      return { key: requestKeyOf(value), reason: value.reason }
    case 'trackPublished':
      return granted(trackKey(value.cid, value.track?.name ?? ''))
    case 'publishDataTrackResponse':
      return granted(dataTrackKey(value.info?.pubHandle ?? 0, value.info?.name ?? ''))
    case 'unpublishDataTrackResponse':
      return granted(`unpublishDataTrack ${value.info?.pubHandle}`)
    case 'storeDataBlobResponse':
    case 'getDataBlobResponse':
      return granted(`blob ${value.requestId}`)
    case 'subscriptionResponse':
      return { key: `subscription ${value.trackSid}`, reason: Reason.NOT_FOUND }
    default:
      return undefined
  }
}

function requestKeyOf({ request, requestId, reason, message }: RequestResponse): string {
  switch (request.case) {
    case 'addTrack':
      return trackKey(request.value.cid, request.value.name)
    case 'publishDataTrack':
      return dataTrackKey(request.value.pubHandle, request.value.name)
    case 'unpublishDataTrack':
      return `unpublishDataTrack ${request.value.pubHandle}`
    case 'mute':
      return `mute ${request.value.sid}`
    case 'updateAudioTrack':
    case 'updateVideoTrack':
      return `${request.case} ${request.value.trackSid}`
    case 'updateMetadata':
      return `updateMetadata ${requestId}`
    case 'trickle':
      return `trickle ${request.value.candidateInit}`
    default:
      // The kinds RequestResponse has no place for.
      if (requestId !== 0) return `blob ${requestId}`
      return message.startsWith('no such track')
        ? `updateLayers ${message.split(': ')[1]}`
        : `permission ${reason}`
  }
}
