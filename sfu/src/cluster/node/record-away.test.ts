/** What is acknowledged while no node reaches the record holds when it is back, though the node that did it is dead by then. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { type Member, TestCluster, type TestClusterNode } from '../../../test/room-support/test-cluster.ts'
import { codeOfCall, settle } from '../../../test/room-support/test-room.ts'

let cluster: TestCluster
let a: TestClusterNode
let b: TestClusterNode
let c: TestClusterNode
/** At a; Bình is at b, and nobody at c. */
let an: Member
const api = (node: TestClusterNode) => node.cluster.session.directory

beforeEach(async () => {
  cluster = await TestCluster.start(3)
  ;[a, b, c] = cluster.nodes as [TestClusterNode, TestClusterNode, TestClusterNode]
  an = await a.join('an')
  await b.join('binh')
  await settle()
  // Deadlines of calls are on the record's clock: all know it.
  for (const node of cluster.nodes) await node.cluster.session.steps.tune()
  for (const node of cluster.nodes) node.reachesRecord = false
})
afterEach(() => cluster.close())

/** Nobody hears it any more, and it reaches nothing. */
function kill(node: TestClusterNode): void {
  node.reachesRecord = false
  const { inst } = node.cluster.session
  for (const other of cluster.nodes) {
    if (other === node) continue
    cluster.network.cut(inst, other.cluster.session.inst)
    cluster.network.cut(other.cluster.session.inst, inst)
  }
}

it('what the API said of somebody: the others hold it and put it into the record', async () => {
  await api(c).updateParticipant('R', 'an', { name: 'chairman' })
  expect(an.participant.name).toBe('chairman')
  kill(a)
  for (const node of [b, c]) node.reachesRecord = true
  // At once, before any of them can have put it there, and before the dead node is buried.
  expect((await c.join('an')).participant.name).toBe('chairman')
  expect((await b.join('an')).participant.name).toBe('chairman')
  const { steps, rooms } = b.cluster.session
  const roomSid = rooms.list()[0]!.room.id
  await eventually(async () => {
    const call = { deadlineMs: steps.deadline(1_000), era: steps.era, inst: steps.inst }
    const answer = await cluster.record.keep({ ...call, roomSid, identity: 'an' })
    const rev = answer.outcome === 'done' && typeof answer.value === 'object' && answer.value.keptRev
    return rev ? undefined : 'the record does not have it'
  })
}, 30_000)

it('that somebody was removed and the tokens taken back', async () => {
  await api(c).removeParticipant('R', 'an', 200)
  expect(an.participant.isClosed).toBe(true)
  kill(a)
  for (const node of [b, c]) node.reachesRecord = true
  const old = { claims: { notBeforeS: 199 } }
  for (const node of [b, c]) expect(await codeOfCall(node.join('an', old))).toBe('permission_denied')
  expect((await b.join('an', { claims: { notBeforeS: 200 } })).participant.identity).toBe('an')
}, 30_000)
