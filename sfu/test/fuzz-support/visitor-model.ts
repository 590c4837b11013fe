import type { SignalRequest } from '@livekit/protocol'
import type { RunningSfu } from '../../../testing/start-sfu.ts'
import { RawClient } from './raw-client.ts'
import { VisitorRequests } from './visitor-requests.ts'
import { ENDING, type Scenario, type Step } from './visitor-steps.ts'

/**
 * A visitor and what must be true of it: the model. Knows its socket and whether it is in the room; `run` plays a step,
 * `verify` compares with what the server said.
 */
export class Visitor {
  readonly #sfu: RunningSfu
  readonly #room: string
  readonly #identity: string
  readonly #requests: VisitorRequests
  #client: RawClient
  /** False once it said goodbye or was told to go. */
  #isIn = true
  /** It has cut its own socket. */
  #hasDropped = false
  /** It has asked for the loss of its next resumed socket. */
  #mayLoseResumed = false
  #sid: string
  /** Messages on this socket that do not count, as they answer what came on an older one. */
  #skipped = 0
  /** Answers that were as they had to be, on this socket and on all before it. */
  #compared = 0
  #comparedBefore = 0

  private constructor(
    sfu: RunningSfu,
    room: string,
    identity: string,
    honestTracks: string[],
    client: RawClient,
  ) {
    this.#sfu = sfu
    this.#room = room
    this.#identity = identity
    this.#requests = new VisitorRequests(identity, honestTracks, client)
    this.#client = client
    this.#sid = client.sid
  }

  static async join(sfu: RunningSfu, room: string, identity: string): Promise<Visitor> {
    const client = await RawClient.join(sfu, { room, identity, canUpdateOwnMetadata: true })
    const others = client.all('join')[0]?.otherParticipants ?? []
    const honest = others.find(other => other.identity === 'honest-an')
    return new Visitor(sfu, room, identity, honest?.tracks.map(track => track.sid) ?? [], client)
  }

  async run(action: Step): Promise<void> {
    if ('isPatient' in action && action.isPatient) await this.verify()
    switch (action.do) {
      case 'drop':
        this.#hasDropped = true
        this.#client.terminate()
        return
      case 'resume':
        return this.#resume(action.as)
      case 'joinAgain':
        // The same person from another machine: the older connection has to go.
        return this.#replace(await RawClient.join(this.#sfu, this.#grants()), 'join')
      case 'leave':
        if (this.#client.isOpen) this.#isIn = false
        this.#send({ case: 'leave', value: {} as never })
        return
      default:
        // What a closed socket would have carried changes nothing and is answered by nobody.
        if (!this.#client.isOpen) return
        if (action.do === 'simulate') this.#expectLoss(action.scenario)
        this.#send(this.#requests.requestOf(action))
        // Some are sent in a burst, others one by one.
        if (action.do === 'offer' || action.do === 'answer') await this.verify()
    }
  }

  /** Everything sent so far was dealt with: each request that has an answer got it, or the visitor is out and was told. */
  async verify(): Promise<void> {
    const client = this.#client
    if (this.#hasDropped) return
    const isAlive = client.isOpen && (await client.settled())
    if (!isAlive) {
      await client.until(() => client.closed !== undefined, 'the close')
      const { closed } = client
      if (this.#isIn && client.all('leave').length === 0 && !closed?.reason)
        throw new Error(`closed without a reason: ${JSON.stringify(closed)}`)
      return
    }
    const requests = this.#requests
    this.#compared = requests.due.compare(client.received.slice(this.#skipped))
    const answered = () => new Set(client.all('answer').map(({ id }) => id))
    await client.until(
      () =>
        requests.offers.every(id => answered().has(id)) ||
        client.all('leave').length > 0 ||
        client.closed !== undefined,
      `the answers to ${requests.offers.length} offers`,
    )
  }

  get compared(): number {
    return this.#comparedBefore + this.#compared
  }

  async close(): Promise<void> {
    this.#send({ case: 'leave', value: {} as never })
    this.#client.terminate()
  }

  #grants() {
    return { room: this.#room, identity: this.#identity, canUpdateOwnMetadata: true }
  }

  async #resume(as: 'self' | 'honest-an' | 'nobody'): Promise<void> {
    // The sid of another is of no use: the token's identity has to be that participant's.
    const sid = as === 'self' ? this.#sid : as === 'nobody' ? 'PA_nobody' : this.#honestSid()
    const next = await RawClient.join(this.#sfu, this.#grants(), { reconnect: '1', sid })
    const first = next.cases()[0]
    if (as !== 'self' && first !== 'leave') throw new Error(`resumed as ${as}: ${first}`)
    if (first === undefined && !this.#mayLoseResumed)
      throw new Error(`no answer to a resume: ${JSON.stringify(next.closed)}`)
    if (as === 'self') this.#mayLoseResumed = false
    if (first !== 'reconnect') {
      next.terminate()
      return
    }
    this.#replace(next, 'reconnect')
    // What was kept for the socket before comes with the resume.
    await next.settled()
    this.#skipped = next.received.length
  }

  #honestSid(): string {
    const join = this.#client.all('join')[0]
    return join?.otherParticipants.find(other => other.identity === 'honest-an')?.sid ?? 'PA_unknown'
  }

  #replace(next: RawClient, expected: 'join' | 'reconnect'): void {
    const first = next.cases()[0]
    if (first !== expected) throw new Error(`${expected} was answered with ${first}`)
    this.#client.terminate()
    this.#client = next
    this.#isIn = true
    this.#hasDropped = false
    this.#comparedBefore = this.compared
    this.#compared = 0
    this.#skipped = 0
    const isNew = expected === 'join'
    this.#requests.moveTo(next, isNew)
    if (!isNew) return
    this.#sid = next.sid
    this.#mayLoseResumed = false
  }

  /** Some scenarios put it out of the room, others cost it the next socket it resumes. */
  #expectLoss(scenario: Scenario): void {
    if (ENDING.some(one => one === scenario)) this.#isIn = false
    if (scenario.startsWith('disconnectSignal')) this.#mayLoseResumed = true
  }

  #send(message: SignalRequest['message']): void {
    this.#client.request(message)
  }
}
