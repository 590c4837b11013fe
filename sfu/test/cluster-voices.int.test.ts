/** More microphones than are heard at once, in a room over two nodes with links in memory: stock clients that subscribe to all. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { NativePeer } from '../../testing/native-peer.ts'
import { Ground } from './cluster-support/ground.ts'
import { openTogether } from './cluster-support/set-ups.ts'

const VOICES = 2
const HALLS = ['an', 'binh', 'chi', 'dung']
const PATIENCE_MS = 30_000

const grounds: Ground[] = []
afterEach(async () => {
  for (const ground of grounds.splice(0)) await ground.close()
})
afterAll(dispose)

const open = async (): Promise<Ground> => {
  const ground = await Ground.create(
    {
      name: 'two nodes',
      open: webhooks => openTogether(webhooks, 2, links => links, { SFU_VOICES: String(VOICES) }),
    },
    () => Promise.reject(new Error('no page is asked for')),
  )
  grounds.push(ground)
  return ground
}

/** Whom the peer has heard aloud over a second, once that is as many as wanted. */
async function heardBy(peer: NativePeer, wanted: number): Promise<string[]> {
  let heard: string[] = []
  await eventually(
    async () => {
      const before = new Map(HALLS.map(name => [name, peer.from(name).loudFrames]))
      await new Promise(resolve => setTimeout(resolve, 1_000))
      heard = HALLS.filter(name => peer.from(name).loudFrames > before.get(name)! + 20)
      return heard.length === wanted ? null : `${heard.join() || 'nobody'} is heard`
    },
    PATIENCE_MS,
    1,
  )
  return heard
}

it('are all subscribed, some are heard, and the node chooses by what it hears itself', async () => {
  const ground = await open()
  const room = ground.newRoom()
  const halls = new Map<string, NativePeer>()
  // Two at each node, and somebody at each who only listens.
  for (const [index, name] of HALLS.entries())
    halls.set(name, await ground.join(room, name, {}, { at: index }))
  const listeners = [
    await ground.join(room, 'east', { canPublish: false }, { at: 0 }),
    await ground.join(room, 'west', { canPublish: false }, { at: 1 }),
  ]
  for (const name of HALLS) await halls.get(name)!.publishMicrophone()
  const tracksOf = ({ room: { remoteParticipants } }: NativePeer) =>
    HALLS.filter(name =>
      [...(remoteParticipants.get(name)?.trackPublications.values() ?? [])].some(
        ({ track }) => track !== undefined,
      ),
    )
  for (const listener of listeners) {
    await eventually(
      () => (tracksOf(listener).length === HALLS.length ? null : `has ${tracksOf(listener).join()}`),
      PATIENCE_MS,
    )
    await heardBy(listener, VOICES)
  }

  // A node says what it carries: sound of the other one goes on landing, heard or not.
  const carried = await Promise.all(
    ground.nodes.map(
      async ({ url }) =>
        /^diemcau_sfu_carried_tracks (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1],
    ),
  )
  for (const count of carried) expect(Number(count)).toBeGreaterThanOrEqual(2)

  const [, west] = listeners as [NativePeer, NativePeer]
  const before = await heardBy(west, VOICES)
  const outside = HALLS.find(name => !before.includes(name))!
  // Each time the API is asked at the node that is not the participant's own.
  const apiOf = (name: string) => ground.api(HALLS.indexOf(name) + 1)
  await apiOf(outside).updateParticipant(room, outside, { attributes: { floor: '1' } })
  for (const listener of listeners) expect(await heardBy(listener, VOICES + 1)).toContain(outside)
  await apiOf(outside).updateParticipant(room, outside, { attributes: { floor: '' } })
  const after = await heardBy(west, VOICES)

  // The place of one who is muted goes to one who hums and was not heard.
  const [muted] = after as [string]
  const [track] = (await apiOf(muted).getParticipant(room, muted)).tracks
  await apiOf(muted).mutePublishedTrack(room, muted, track!.sid, true)
  expect(await heardBy(west, VOICES)).not.toContain(muted)
})
