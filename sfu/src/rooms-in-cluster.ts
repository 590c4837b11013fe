import { newId } from '@diemcau/core/ids.ts'
import type { Logger } from 'pino'
import { encodeNodeLoad } from './cluster/claim/node-load.ts'
import type { Incarnation } from './cluster/links/node-links.ts'
import { ClusterNode } from './cluster/node/cluster-node.ts'
import { reportCluster } from './cluster/node/cluster-report.ts'
import { currentDirectory } from './cluster/node/current-directory.ts'
import type { ClusterParts } from './cluster/node/node-session.ts'
import { PassingOn } from './cluster/node/passing-on.ts'
import { Placement } from './cluster/node/placement.ts'
import { StoryDelivery } from './cluster/story/story-delivery.ts'
import type { Config } from './config.ts'
import { RoomRegistry, wholeMs } from './room/room-registry.ts'
import type { AnswerNode, RegistrySettings, Rooms } from './rooms-alone.ts'
import type { Admission } from './server/admission/admission.ts'
import { createTokenMinter } from './server/mint-token.ts'

/** How long a stopping node tries to tell what it owes; what is left is told by the others. */
const STORY_GRACE_MS = 2_000
/** Before a node stops, its people go to the others for so long at most. */
export const DRAIN_LIMIT_MS = 60_000
/** Clients notice within some five seconds that their node is gone. In a cluster another one is there for them. */
const CLUSTER_LIMITS = { pingIntervalS: 2, pingTimeoutS: 5 }

/** The rooms of a node of a cluster. It is one of its nodes when this resolves. @throws AppError with a line for the operator */
export async function openRoomsInCluster(
  config: Config,
  log: Logger,
  settings: RegistrySettings,
  parts: ClusterParts,
  admission: Pick<Admission, 'capacity'>,
): Promise<Rooms> {
  const { webhookUrls, keys, dataDir } = config
  const secret = config.cluster?.secret ?? newId('CS_')
  let delivery: StoryDelivery | undefined
  let answerNode: AnswerNode | undefined
  const cluster = new ClusterNode({
    parts,
    log,
    load: () => encodeNodeLoad({ people: registry.peopleHere(), ...admission.capacity() }),
    told: roomName => delivery?.wake(roomName),
    answerNode: (method, payload) => answerNode?.(method, payload),
    dataDir,
    began: ({ steps }) => {
      const mostKept = config.cluster?.webhooksWaiting
      const started = StoryDelivery.start({ steps, urls: webhookUrls, key: keys[0], log, dataDir, mostKept })
      delivery = started
      return { close: graceMs => started.close(graceMs) }
    },
  })
  // Of all that is dated, here and by tokens; this machine's own clock may be wrong.
  const now = () => cluster.clusterNowMs()
  const registry: RoomRegistry = new RoomRegistry({
    ...settings,
    now,
    elapsed: wholeMs,
    mint: createTokenMinter(keys[0], now),
    limits: { ...CLUSTER_LIMITS, ...settings.limits },
    events: cluster,
    peers: room => cluster.peersOf(room),
    otherUrls: () => cluster.otherUrls(),
    seatForForwarded: (source, to) => cluster.session.desk.forwarded(source, to),
    seatForMoved: (source, to) => cluster.session.reserved.reserve(source, to),
  })
  await cluster.start(registry)
  const placement = new Placement({
    registry,
    passing: new PassingOn(secret, now),
    session: () => cluster.current,
    capacity: () => admission.capacity(),
    clients: { networks: parts.networks ?? [], servesAll: parts.servesAll ?? true },
    isGathered: config.cluster?.isGathered ?? true,
    log,
  })
  return {
    registry,
    now,
    directory: currentDirectory(() => cluster.session),
    join: (claims, query, link) => cluster.join(claims, query, link),
    placing: placement,
    drain: () => cluster.drain(DRAIN_LIMIT_MS),
    takeAgain: () => cluster.takeAgain(),
    nowhereToGo: () => (cluster.hasElsewhere ? undefined : 'no other node takes people now'),
    unready: () => cluster.unready,
    cluster: () => ({ ...reportCluster(cluster.current), placements: placement.counts() }),
    others: {
      list: () =>
        (cluster.current?.links.peers() ?? []).map(({ incarnation, address, isUp }) => ({
          incarnation,
          address: address ?? '',
          isUp,
        })),
      ask: async (incarnation, method, payload, deadlineMs) =>
        await cluster.session.links.call(incarnation as Incarnation, method, payload, { deadlineMs }),
      answer: given => {
        answerNode = given
      },
    },
    sharedWith: roomId => cluster.current?.rooms.get(roomId)?.nodes.size ?? 0,
    webhooks: () => ({ pending: delivery?.pending ?? 0, aside: delivery?.aside ?? 0 }),
    close: async () => {
      await cluster.close(STORY_GRACE_MS)
      await registry.close()
    },
    settle: async () => {},
  }
}
