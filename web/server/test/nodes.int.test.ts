/** The portal's page of media servers, from real ones: one alone, and three of a cluster of which one falls silent. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startTempPostgres, type TempPostgres } from '../../../prisma/test/temp-postgres.ts'
import { eventually } from '../../../testing/eventually.ts'
import { NativePeer } from '../../../testing/native-peer.ts'
import { noRedisServer } from '../../../testing/redis-server.ts'
import { type RunningCluster, startCluster } from '../../../testing/start-cluster.ts'
import { startSfu, TEST_KEYS } from '../../../testing/start-sfu.ts'
import { TestWebhooks } from '../../../testing/webhook-receiver.ts'
import { readConfig } from '../config.ts'
import { scheduleMeeting } from '../meetings/schedule-meeting.ts'
import { drainNode } from '../operations/drain-node.ts'
import { getNodes } from '../operations/get-nodes.ts'
import { createRuntime, setRuntime } from '../runtime.ts'
import { meetingForm, startPortal, type TestPortal } from './portal.ts'

let postgres: TempPostgres
let portal: TestPortal
let databaseUrl: string
beforeAll(async () => {
  postgres = await startTempPostgres()
  portal = await startPortal(postgres)
  databaseUrl = portal.runtime.config.databaseUrl
})
afterAll(async () => {
  await portal?.close()
  await postgres?.stop()
})

/** From now on the portal's media server is that one. */
function leadTo(url: string): void {
  const runtime = createRuntime(
    readConfig({
      DATABASE_URL: databaseUrl,
      LIVEKIT_URL: url,
      LIVEKIT_API_KEY: TEST_KEYS.key,
      LIVEKIT_API_SECRET: TEST_KEYS.secret,
      LOG_LEVEL: 'silent',
    }),
  )
  setRuntime(runtime)
  onTestFinished(async () => {
    setRuntime(portal.runtime)
    await runtime.db.$disconnect()
  })
}

const audited = async (subjectId: string) =>
  (
    await portal.runtime.db.auditEntry.findMany({
      where: { subjectType: 'node', subjectId },
      orderBy: { at: 'asc' },
    })
  ).map(({ action, result, actorId, detail }) => ({ action, result, actorId, detail }))

it('is for administrators only, and says so before it asks anybody', async () => {
  const { clerk, operator, official1 } = portal.actors
  for (const actor of [clerk, operator, official1]) {
    await expect(getNodes(actor)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(drainNode(actor, 'ND_1', true)).rejects.toMatchObject({ code: 'forbidden' })
  }
  expect(portal.livekit.calls).toEqual([])
})

it('says that the media server cannot be asked, also when it is another one that does not know the question', async () => {
  await expect(getNodes(portal.actors.admin)).rejects.toMatchObject({ code: 'media_unavailable' })
  leadTo('http://127.0.0.1:9')
  await expect(getNodes(portal.actors.admin)).rejects.toMatchObject({ code: 'media_unavailable' })
})

it('shows a media server that is alone, and lets nobody drain it', async () => {
  const sfu = await startSfu({ workers: 1, env: { NODE_NAME: 'alone-1' } })
  onTestFinished(() => sfu.stop())
  leadTo(`${sfu.url}/`)
  const { nodes } = await getNodes(portal.actors.admin)
  expect(nodes).toMatchObject([
    { name: 'alone-1', incarnation: '', fault: null, seen: { report: { cluster: null } } },
  ])
  expect(nodes[0]?.seen?.report.drain.refusal).toContain('alone')
  await expect(drainNode(portal.actors.admin, 'ND_1', true)).rejects.toMatchObject({ code: 'not_found' })
  expect(await audited('ND_1')).toMatchObject([
    { action: 'node.drained', result: 'failed', detail: { code: 'not_found' } },
  ])
})

describe.skipIf(noRedisServer)('a cluster of three', () => {
  let webhooks: TestWebhooks
  let cluster: RunningCluster
  beforeAll(async () => {
    webhooks = await TestWebhooks.create(TEST_KEYS.key, TEST_KEYS.secret)
    cluster = await startCluster({
      webhooks,
      settingsOf: async at => ({ NODE_NAME: `may-${at + 1}` }),
    })
  })
  afterAll(async () => {
    await cluster?.close()
    await webhooks?.down()
  })
  const named = async (name: string) =>
    (await getNodes(portal.actors.admin)).nodes.find(node => node.name === name)

  it('shows all of them through one, with the titles of their rooms, and drains another one, which the audit tells', async () => {
    const { admin, clerk } = portal.actors
    leadTo(cluster.nodes[0]!.url)
    const meeting = await scheduleMeeting(clerk, meetingForm({ title: 'Giao ban ba máy' }))
    if (!meeting.ok) throw new Error(JSON.stringify(meeting))
    const an = await NativePeer.join(cluster.nodes[1]!, { room: meeting.id, identity: 'an' })
    const binh = await NativePeer.join(cluster.nodes[2]!, { room: meeting.id, identity: 'binh' })
    const other = await NativePeer.join(cluster.nodes[0]!, { room: 'of nobody', identity: 'chi' })
    onTestFinished(async () => {
      for (const peer of [an, binh, other]) await peer.leave()
    })
    await an.publishMicrophone()
    const view = await getNodes(admin)
    expect(view.nodes.map(({ name }) => name).sort()).toEqual(['may-1', 'may-2', 'may-3'])
    expect(view.nodes.map(({ fault }) => fault)).toEqual([null, null, null])
    expect(view.titles).toEqual({ [meeting.id]: 'Giao ban ba máy' })
    const rooms = view.nodes.flatMap(({ seen }) => seen?.report.rooms ?? [])
    const people = rooms.filter(({ name }) => name === meeting.id)
    expect(people.reduce((sum, room) => sum + room.people, 0)).toBe(2)
    expect(people.reduce((sum, room) => sum + room.publishers, 0)).toBe(1)
    expect(rooms.filter(({ name }) => name === 'of nobody')).toMatchObject([{ people: 1, publishers: 0 }])

    const { incarnation } = (await named('may-3'))!
    await drainNode(admin, incarnation, true)
    await eventually(async () => {
      const drain = (await named('may-3'))?.seen?.report.drain
      return drain?.state === 'done' && drain.left === 0 ? null : JSON.stringify(drain)
    })
    expect((await fetch(`${cluster.nodes[2]!.url}/readyz`)).status).toBe(503)
    await drainNode(admin, incarnation, false)
    expect((await named('may-3'))?.seen?.report.drain.state).toBe('none')
    const row = { result: 'done', actorId: admin.userId, detail: { name: 'may-3' } }
    expect(await audited(incarnation)).toMatchObject([
      { ...row, action: 'node.drained' },
      { ...row, action: 'node.taken_in' },
    ])
  })

  it('refuses to drain the last that takes people', async () => {
    const { admin } = portal.actors
    leadTo(cluster.nodes[0]!.url)
    const { nodes } = await getNodes(admin)
    const [last, ...rest] = nodes.map(({ incarnation }) => incarnation)
    for (const incarnation of rest) await drainNode(admin, incarnation, true)
    // The others hear of a drain with a beat.
    await eventually(async () => {
      const { nodes: now } = await getNodes(admin)
      return now[0]?.seen?.report.drain.refusal ? null : 'it could still be drained'
    })
    await expect(drainNode(admin, last!, true)).rejects.toMatchObject({ code: 'drain_refused' })
    for (const incarnation of rest) await drainNode(admin, incarnation, false)
    expect((await audited(last!)).at(-1)).toMatchObject({
      result: 'failed',
      detail: { code: 'drain_refused' },
    })
  })

  it('still knows the name of one that does not answer', async () => {
    leadTo(cluster.nodes[0]!.url)
    expect((await named('may-2'))?.fault).toBeNull()
    cluster.nodes[1]!.pause()
    onTestFinished(() => cluster.nodes[1]!.wake())
    await eventually(async () => ((await named('may-2'))?.fault ? null : 'there is still a word of it'))
    const silent = await named('may-2')
    if (silent) expect(silent.seen).toBeNull()
  })
})
