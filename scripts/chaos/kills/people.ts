/** Everybody in the meeting, whether they hear each other, and the longest silence between them. */
import { createPrisma, type Db } from '@diemcau/prisma/client.ts'
import type { ChaosClient } from '../chaos-client.ts'
import { pause } from '../chaos-cluster.ts'
import { Person } from './person.ts'
import { PortalDoor, signIn } from './portal-door.ts'
import type { Product } from './product.ts'
import { SettingsWriter } from './settings-writer.ts'

/** The demo's meeting that is always open (prisma/seed/demo.ts). */
const CODE = 'demo-hop-ngay'
const ACCOUNTS = ['chair', 'official1', 'official2', 'official3', 'official4']
const GUEST = 'Bà Nông Thị Lan'
/** The public of one network may say one thing in two seconds (web/server/floor/public-voice.ts). */
const GUEST_EVERY_MS = 6_000
/** Nobody has been silent for so long when all is well; a silence that has just begun shows after it. */
const WELL_MS = 1_000
const CALM_MS = 1_300
const LOOK_MS = 50
const RECORDING_MS = 60_000

/** The caller closes it. */
export class People {
  readonly all: readonly Person[]
  readonly settings: SettingsWriter
  readonly db: Db
  readonly meetingId: string

  private constructor(all: readonly Person[], db: Db, meetingId: string) {
    this.all = all
    this.db = db
    this.meetingId = meetingId
    this.settings = new SettingsWriter(
      all[0]!.floor,
      all.map(({ identity }) => identity),
    )
  }

  /** The chair and an official for each other node, on the floor and in the room; a guest on the floor only. @throws Error */
  static async gather(product: Product): Promise<People> {
    const { password, passcode } = product.account
    const db = createPrisma(await product.databaseUrl, 2)
    const all: Person[] = []
    try {
      for (const [node, account] of ACCOUNTS.slice(0, product.plans.length).entries()) {
        const cookie = await signIn(product.portalUrl, `${account}@demo.local`, password)
        all.push(
          await Person.enter({
            door: new PortalDoor(product.portalUrl, CODE, { cookie }),
            room: { plans: product.plans, node, nodeOf: identity => product.nodeOf(identity) },
          }),
        )
      }
      const door = new PortalDoor(product.portalUrl, CODE, { name: GUEST, passcode })
      all.push(await Person.enter({ door, everyMs: GUEST_EVERY_MS }))
      const identities = all.filter(({ home }) => home !== undefined).map(({ identity }) => identity)
      for (const person of all) await person.enterRoom(identities)
      const { id } = await db.meeting.findUniqueOrThrow({ where: { code: CODE } })
      return new People(all, db, id)
    } catch (error) {
      await Promise.all(all.map(person => person.close()))
      await db.$disconnect()
      throw error
    }
  }

  get chair(): Person {
    return this.all[0]!
  }

  /** An official: has less to say than the chair, and is not held to what the public may say. */
  get official(): Person {
    return this.all[1]!
  }

  get inRoom(): ChaosClient[] {
    return this.all.flatMap(({ room }) => room ?? [])
  }

  write(): void {
    for (const person of this.all) person.write()
    this.settings.write()
  }

  /** Resolves once everything is answered, or after the limit. */
  async rest(limitMs: number): Promise<void> {
    await Promise.all([...this.all.map(person => person.rest(limitMs)), this.settings.rest(limitMs)])
  }

  /** Those whose home this node is are there again, if the SDK led them elsewhere. @returns whether somebody had to move */
  async bringHome(node: number): Promise<boolean> {
    const strays = this.inRoom.filter(room => room.home === node && room.node !== node)
    for (const room of strays) await room.goHome()
    return strays.length > 0
  }

  /** Resolves with null once everybody has heard everybody without a break for a while, or with what is wrong after the limit. */
  async whenWell(limitMs: number): Promise<string | null> {
    const deadline = performance.now() + limitMs
    let wellSince: number | undefined
    for (;;) {
      const now = performance.now()
      const wrong = this.#whoIsSilent(now)
      wellSince = wrong === null ? (wellSince ?? now) : undefined
      if (wellSince !== undefined && now - wellSince >= CALM_MS) return null
      if (now > deadline) return wrong ?? 'it was never calm'
      await pause(LOOK_MS)
    }
  }

  #whoIsSilent(now: number): string | null {
    const people = this.inRoom
    for (const person of people) {
      if (!person.isConnected) return `${person.identity} is not connected`
      for (const { identity } of people) {
        if (identity === person.identity) continue
        const { ticks, sound } = person.from(identity)
        if (ticks.silence(now) > WELL_MS) return `${person.identity} gets nothing from ${identity}`
        if (sound.silence(now) > WELL_MS) return `${person.identity} does not hear ${identity}`
      }
    }
    return null
  }

  /** From here on silences count. */
  startWindow(): void {
    const now = performance.now()
    for (const person of this.inRoom) person.startWindow(now)
  }

  /**
   * Longest silences since `startWindow`, ms. `hit`: of each person of that node, from and to anybody else; `others`: between
   * those of other nodes.
   */
  silences(
    nodeOf: ReadonlyMap<string, number | undefined>,
    node: number | undefined,
  ): {
    hit: number[]
    others: number[]
  } {
    const now = performance.now()
    const people = this.inRoom
    const isHit = ({ identity }: ChaosClient) => node !== undefined && nodeOf.get(identity) === node
    const silence = (a: ChaosClient, b: ChaosClient) =>
      Math.max(a.from(b.identity).ticks.longest(now), a.from(b.identity).sound.longest(now))
    const others = people.filter(person => !isHit(person))
    return {
      hit: people
        .filter(isHit)
        .map(person =>
          Math.max(
            ...people
              .filter(one => one !== person)
              .flatMap(one => [silence(person, one), silence(one, person)]),
          ),
        ),
      others: others.flatMap(a => others.filter(b => b !== a).map(b => silence(a, b))),
    }
  }

  /** The recording that was planned has begun. @returns its id at the recorder @throws Error after a minute */
  async whenRecorded(): Promise<{ id: string; egressId: string; startedAt: number }> {
    const deadline = Date.now() + RECORDING_MS
    for (;;) {
      const row = await this.db.recording.findFirst({
        where: { meetingId: this.meetingId, status: 'recording' },
      })
      if (row?.egressId && row.startedAt)
        return { id: row.id, egressId: row.egressId, startedAt: row.startedAt.getTime() }
      if (Date.now() > deadline) throw new Error('the planned recording did not begin')
      await pause(200)
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.all.map(person => person.close()))
    await this.db.$disconnect()
  }
}
