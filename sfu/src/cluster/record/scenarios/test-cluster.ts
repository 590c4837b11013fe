/** A record with nodes on it, as the scenarios use it. */
import { newId, newParticipantId, newRoomId, type ParticipantId, type RoomId } from '@diemcau/core/ids.ts'
import { expect, onTestFinished } from 'vitest'
import type { ClusterRecord } from '../cluster-record.ts'
import type { Answer, EraCall, Join, JoinAnswer, Restore } from '../record-calls.ts'
import type { InboxEntry, InboxMessage, Incarnation, RoomDraft, RoomFacts } from '../record-types.ts'

/** A fresh record, with nothing in it. */
export interface RecordUnderTest {
  record: ClusterRecord
  /** So much time has passed on the record's clock. */
  pass(ms: number): Promise<void>
  /** Everything is forgotten, as by a Redis that starts empty. */
  empty(): Promise<void>
  /** As a Redis that starts again from its disk, or whose copy takes over; here all is there. */
  beginAnotherLife(): Promise<void>
  stop(): Promise<void>
}
/** `isOpen`: it has an era whose restore window is over; else it has none. */
export type MakeRecord = (options: { isOpen: boolean }) => Promise<RecordUnderTest>
/** `canLeap`: `pass` costs nothing, however long. */
export interface RecordAbilities {
  canLeap: boolean
}

/** What a step did; fails when the caller was refused. */
export function done<T>(answer: Answer<T>): T {
  if (answer.outcome !== 'done') expect.fail(`the call was refused: ${answer.outcome}`)
  return answer.value
}

export const draft = (name: string, options: Partial<RoomDraft> = {}): RoomDraft => ({
  sid: newRoomId(),
  name,
  maxParticipants: 0,
  emptyTimeoutMs: 500,
  departureTimeoutMs: 300,
  body: `room ${name}`,
  ...options,
})

export class TestCluster {
  readonly #test: RecordUnderTest
  constructor(test: RecordUnderTest) {
    this.#test = test
  }

  /** Stopped when the test has finished. */
  static async create(make: MakeRecord, isOpen = true): Promise<TestCluster> {
    const test = await make({ isOpen })
    onTestFinished(() => test.stop())
    return new TestCluster(test)
  }

  get record(): ClusterRecord {
    return this.#test.record
  }
  pass(ms: number): Promise<void> {
    return this.#test.pass(ms)
  }
  empty(): Promise<void> {
    return this.#test.empty()
  }
  beginAnotherLife(): Promise<void> {
    return this.#test.beginAnotherLife()
  }
  /** The record's own time, now. */
  async now(): Promise<number> {
    return (await this.record.nodes()).atMs
  }

  /** A node that has said hello, in the era there is. */
  async node(host: string): Promise<TestNode> {
    const node = new TestNode(this, newId<Incarnation>('ND_'), host)
    const answer = await this.record.hello({ ...(await node.call()), host, facts: host })
    done(answer)
    node.era = answer.era.id
    return node
  }
}

export class TestNode {
  readonly cluster: TestCluster
  readonly inst: Incarnation
  readonly host: string
  era = ''
  #readTo = '0'
  constructor(cluster: TestCluster, inst: Incarnation, host: string) {
    this.cluster = cluster
    this.inst = inst
    this.host = host
  }

  get #record(): ClusterRecord {
    return this.cluster.record
  }

  /** A call with so much time left. */
  async call(leftMs = 2_000): Promise<EraCall> {
    return { inst: this.inst, era: this.era, deadlineMs: (await this.cluster.now()) + leftMs }
  }

  async beat(heard: Incarnation[] = []) {
    return this.#record.beat({ ...(await this.call()), host: this.host, facts: this.host, load: '', heard })
  }

  async join(roomName: string, identity: string, options: Partial<Join> = {}) {
    const psid = newParticipantId()
    const call: Join = {
      ...(await this.call()),
      roomName,
      psid,
      identity,
      isCounted: true,
      isForwarded: false,
      tokenFromS: null,
      epochSeen: 0,
      draft: draft(roomName),
      info: `info ${identity}`,
      ...options,
    }
    const answer = await this.#record.join(call)
    return { answer, psid: call.psid, call }
  }

  /** A join that is expected to succeed. */
  async joined(roomName: string, identity: string, options: Partial<Join> = {}): Promise<Seat> {
    const { answer, psid } = await this.join(roomName, identity, options)
    return { ...claimed(answer), psid, identity, sid: claimed(answer).room.sid, name: roomName }
  }

  async release({ sid, identity, psid, epoch }: Seat) {
    return done(await this.#record.release({ ...(await this.call()), roomSid: sid, identity, psid, epoch }))
  }

  /** The ending of somebody with these events, by id. */
  async told({ sid, name, psid }: Pick<Seat, 'sid' | 'name' | 'psid'>, ...ids: string[]) {
    const events = ids.map(id => ({ id, body: id }))
    return done(
      await this.#record.told({ ...(await this.call()), roomSid: sid, roomName: name, psid, events }),
    )
  }

  async emit({ sid, psid }: Pick<Seat, 'sid' | 'psid'>, id: string, isJoined = false) {
    return done(
      await this.#record.emit({
        ...(await this.call()),
        roomSid: sid,
        psid,
        isJoined,
        event: { id, body: id },
      }),
    )
  }

  async closeRoom(roomSid: RoomId, reason = 'deleted') {
    return done(await this.#record.closeRoom({ ...(await this.call()), roomSid, reason }))
  }

  async sweep() {
    return done(await this.#record.sweep(await this.call()))
  }

  /** Buried by `by`, whatever its count. */
  async buriedBy(by: TestNode): Promise<void> {
    const count = (await this.#record.nodes()).nodes.find(({ inst }) => inst === this.inst)?.count ?? 0
    expect(done(await this.#record.bury({ ...(await by.call()), dead: this.inst, count }))).toBe('buried_now')
  }

  /** In the era there is, which is this node's from now on. */
  async restore(memory: Partial<Restore> = {}) {
    this.era = (await this.#record.nodes()).era.id
    return done(
      await this.#record.restore({
        ...(await this.call()),
        burials: [],
        over: [],
        rooms: [],
        ended: [],
        claims: [],
        owed: [],
        kept: [],
        revoked: [],
        events: [],
        ...memory,
      }),
    )
  }

  /** What came since the last look. */
  async mail(waitMs = 0): Promise<InboxMessage[]> {
    const entries: InboxEntry[] = await this.#record.readInbox(this.inst, this.#readTo, 1_000, waitMs)
    this.#readTo = entries.at(-1)?.id ?? this.#readTo
    return entries.map(({ message }) => message)
  }
  forgetMail(): void {
    this.#readTo = '0'
  }
}

export interface Seat {
  sid: RoomId
  name: string
  identity: string
  psid: ParticipantId
  epoch: number
}

export function claimed(answer: Answer<JoinAnswer>): Extract<JoinAnswer, { is: 'claimed' }> {
  const value = done(answer)
  if (value.is !== 'claimed') expect.fail(`no claim: ${JSON.stringify(value)}`)
  return value
}

/** The story of a room name so far, by event id. */
export const storyOf = async ({ record }: TestCluster, name: string): Promise<string[]> =>
  (await record.nextEvents(name, 1_000)).map(({ id }) => id)

/** A room as a node remembers it. */
export function factsOf(of: RoomDraft, facts: Partial<RoomFacts> = {}): RoomFacts {
  return {
    ...of,
    createdMs: 1_000_000,
    rev: 1,
    state: 'open',
    closeReason: '',
    epoch: 0,
    isStartDelivered: false,
    ...facts,
  }
}
