import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { FloorGateway } from '../floor/floor-gateway.ts'
import { joinMeeting } from '../meetings/join-meeting.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import type { Actor } from '../types.ts'
import { FloorClient } from './floor-client.ts'
import { device, eventually, meetingForm, origin, startPortal, type TestPortal } from './portal.ts'

export interface Floor {
  portal: TestPortal
  /** A new one for each test. */
  meeting: { id: string; code: string; passcode: string }
}

/** A portal whose floor is open on a port, for one test file: registers its hooks; the fields are there from then on. */
export function floorSuite() {
  const floor = {} as Floor
  const clients: FloorClient[] = []
  let postgres: TempPostgres
  let http: HttpServer
  let io: Server
  let gateway: FloorGateway
  let url: string

  beforeAll(async () => {
    postgres = await startTempPostgres()
    floor.portal = await startPortal(postgres)
    await open()
  })
  afterAll(async () => {
    await gateway?.close()
    await io?.close()
    await floor.portal?.close()
    await postgres?.stop()
  })
  beforeEach(async () => {
    const result = await scheduleMeeting(floor.portal.actors.clerk, meetingForm())
    if (!result.ok) throw new Error('not scheduled')
    floor.meeting = await floor.portal.runtime.db.meeting.findUniqueOrThrow({ where: { id: result.id } })
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })

  async function open(graceMs?: number): Promise<void> {
    http = createServer()
    io = new Server(http, { path: '/socket.io/' })
    gateway = new FloorGateway(floor.portal.runtime, io, { graceMs })
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  }
  /** The portal ends and another process takes its place: everything kept in memory is gone. */
  async function restart(graceMs?: number): Promise<void> {
    await gateway.close()
    await io.close()
    await open(graceMs)
  }

  async function enter(actor: Actor | null, request: Record<string, unknown> = {}) {
    const { code, passcode } = floor.meeting
    const result = await joinMeeting(
      code,
      { as: 'participant', deviceId: device(), name: 'Bà Lan', passcode, ...request },
      actor,
      origin,
    )
    if (result.status === 'refused') throw new Error(result.reason)
    return result
  }
  function connect(ticket: string, since?: number): FloorClient {
    const client = new FloorClient(url, ticket, since)
    clients.push(client)
    return client
  }
  /** Joined, connected and in possession of the first snapshot. */
  async function sit(actor: Actor | null, request: Record<string, unknown> = {}): Promise<FloorClient> {
    const client = connect((await enter(actor, request)).ticket)
    await eventually(() => expect(client.snapshots).toHaveLength(1))
    return client
  }
  return Object.assign(floor, { enter, connect, sit, restart })
}
