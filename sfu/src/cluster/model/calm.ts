/** What must hold when all is mended and some time has passed: every node, the record and the connections say the same. */
import type { RoomId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import { assertThat } from './broken.ts'
import type { Checks } from './checks.ts'
import type { ModelNode } from './model-node.ts'
import type { Connection } from './parts.ts'
import type { World } from './world.ts'

const same = (a: Iterable<string>, b: Iterable<string>): boolean =>
  [...a].sort().join() === [...b].sort().join()

export function checkCalm(world: World, nodes: ModelNode[], checks: Checks): void {
  const { record } = world
  const { state } = record
  const connections = nodes.flatMap(node =>
    [...node.rooms.connections].map(connection => ({ node, connection })),
  )
  const inRoom = (sid: RoomId) =>
    connections.filter(({ connection: { claim } }) => claims.isActing(claim) && claim.roomSid === sid)
  for (const node of nodes) {
    assertThat(node.era === record.stamp().era.id, () => `node ${node.inst} is of another era`)
    assertThat(!state.dead.has(node.inst), () => `the living ${node.inst} is buried`)
  }
  for (const { node, connection } of connections)
    assertThat(
      claims.isActing(connection.claim) && state.rooms.has(connection.claim.roomSid),
      () => `4: ${connection.psid} on ${node.inst} is ${JSON.stringify(connection.claim)}`,
    )
  for (const room of state.rooms.values()) {
    assertThat(room.state === 'open', () => `6: ${room.sid} never ends: it is owed ${[...room.owed.keys()]}`)
    const here = inRoom(room.sid)
    const psids = here.map(({ connection }) => connection.psid)
    const claimed = [...room.claims.values()]
    assertThat(
      same(
        psids,
        claimed.map(({ psid }) => psid),
      ),
      () => `4: connections ${psids} and claims ${claimed.map(({ psid }) => psid)} of ${room.sid}`,
    )
    assertThat(
      same(psids, room.owed.keys()),
      () => `6: of ${psids} the endings ${[...room.owed.keys()]} are owed`,
    )
    const counted = claimed.filter(({ isCounted }) => isCounted).length
    assertThat(room.counted === counted, () => `4: ${room.counted} counted, ${counted} there`)
    const holding = claimed.filter(({ isForwarded }) => !isForwarded).length
    assertThat(room.holding === holding, () => `4: ${room.holding} holding, ${holding} there`)
    assertThat((room.idleAtMs === null) === holding > 0, () => `${room.sid} idle at ${room.idleAtMs}`)
    for (const node of nodes) {
      const local = node.rooms.rooms.get(room.sid)
      if (!local) continue
      const own = here.filter(one => one.node === node).map(({ connection }) => connection.psid)
      const listed = [...own, ...local.members.list().map(({ psid }) => psid)]
      assertThat(same(listed, psids), () => `4: ${node.inst} lists ${listed}, and there are ${psids}`)
      for (const copy of local.members.list()) {
        const original = here.find(({ connection }) => connection.psid === copy.psid)!.connection
        assertThat(
          copy.version === original.version,
          () => `3: ${node.inst} has ${copy.psid} at ${copy.version}, not ${original.version}`,
        )
      }
    }
  }
  assertThat(record.undelivered().length === 0, () => `6: undelivered: ${record.undelivered()}`)
  const living = new Set<string>(
    connections.map(({ connection }: { connection: Connection }) => connection.psid),
  )
  for (const [sid, story] of checks.stories) checkStory(record, checks, sid, story, living)
}

function checkStory(
  record: MemorySteps,
  checks: Checks,
  sid: RoomId,
  story: string[],
  living: Set<string>,
): void {
  const say = () => `6: ${story.map(id => id.slice(sid.length + 1)).join(' ')} (${sid})`
  const ends = story.indexOf(`${sid}:room_finished`)
  if (!checks.excuses.hasRoom(sid)) {
    assertThat(story[0] === `${sid}:room_started`, say)
    const isBehind = (id: string) => !checks.excuses.mayBeLate(id.split(':')[1]!)
    assertThat(ends === -1 || !story.slice(ends + 1).some(isBehind), say)
    assertThat(record.state.rooms.has(sid) !== ends >= 0, say)
  }
  const byPsid = Map.groupBy(
    story.filter(id => id.includes(':PA_')),
    id => id.split(':')[1]!,
  )
  for (const [psid, ids] of byPsid) {
    if (checks.excuses.hasPerson(psid)) continue
    const at = (kind: string) => ids.findIndex(id => id.endsWith(kind))
    const [joined, left, aborted] = [at('_joined'), at('_left'), at('_aborted')]
    if (living.has(psid)) assertThat(left === -1 && aborted === -1, say)
    else assertThat(left >= 0 || aborted >= 0, say)
    assertThat(aborted === -1 || ids.length === 1, say)
    if (left === -1) continue
    assertThat(joined === 0, say)
    assertThat(left === ids.length - 1, say)
  }
}
