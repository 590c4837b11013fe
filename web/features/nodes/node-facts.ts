import type { NodesView } from '@diemcau/core/contracts/nodes-report.ts'

export type NodeShown = NodesView['nodes'][number]
type Report = NonNullable<NodeShown['seen']>['report']

/** `going`: people are led away. `drained`: newcomers go elsewhere. `silent`: there is no word of it. */
export type NodeState = 'up' | 'going' | 'drained' | 'cutOff' | 'notReady' | 'silent'

export function stateOf({ seen }: NodeShown): NodeState {
  if (!seen) return 'silent'
  const { drain, cluster, notReady } = seen.report
  if (cluster?.isCutOff) return 'cutOff'
  if (drain.state !== 'none') return drain.state === 'going' ? 'going' : 'drained'
  return notReady === null ? 'up' : 'notReady'
}

export interface RoomRow {
  name: string
  people: number
  publishers: number
  at: { node: string; people: number; publishers: number }[]
}

/** Rooms of all nodes, each once, the largest first; `unnamed`: how many places of rooms at nodes had no name in their reports. */
export function roomsOf(nodes: readonly NodeShown[]): { rooms: RoomRow[]; unnamed: number } {
  const rooms = new Map<string, RoomRow>()
  let unnamed = 0
  for (const { name: node, seen } of nodes) {
    if (!seen) continue
    unnamed += seen.report.roomCount - seen.report.rooms.length
    for (const { name, people, publishers } of seen.report.rooms) {
      const row = rooms.get(name) ?? { name, people: 0, publishers: 0, at: [] }
      row.people += people
      row.publishers += publishers
      row.at.push({ node, people, publishers })
      rooms.set(name, row)
    }
  }
  return { rooms: [...rooms.values()].sort((a, b) => b.people - a.people), unnamed }
}

export interface LinkRow {
  /** The incarnation, or the address of a node that only pipes know. */
  key: string
  node: string
  /** Null: there is no link (any more), and media that went there is still counted. */
  isUp: boolean | null
  roundTripMs: number | null
  waitingBytes: number
  breaks: number
  pipes: number
  sentBytes: number
  receivedBytes: number
}

/** What leads from a node to the others: its links, with the pipes of media beside them. @param nameOf '' when it is not known */
export function linksOf({ cluster, pipes }: Report, nameOf: (incarnation: string) => string): LinkRow[] {
  const links = cluster?.links ?? []
  const pipesTo = new Map(pipes.map(one => [one.node, one]))
  const rows = links.map(link => {
    const to = pipesTo.get(link.node)
    // Two incarnations at one address: the bytes are shown once, at the one that lives.
    const isShown = link.isUp || !links.some(other => other.isUp && other.node === link.node)
    if (isShown) pipesTo.delete(link.node)
    return {
      key: link.incarnation,
      node: nameOf(link.incarnation) || link.node,
      isUp: link.isUp,
      roundTripMs: link.isUp ? link.roundTripMs : null,
      waitingBytes: link.waitingBytes,
      breaks: link.breaks,
      pipes: (isShown && to?.open) || 0,
      sentBytes: (isShown && to?.sentBytes) || 0,
      receivedBytes: (isShown && to?.receivedBytes) || 0,
    }
  })
  const others = [...pipesTo.values()].map(({ node, open, sentBytes, receivedBytes }) => ({
    ...{ key: node, node, isUp: null, roundTripMs: null, waitingBytes: 0, breaks: 0 },
    ...{ pipes: open, sentBytes, receivedBytes },
  }))
  return [...rows, ...others].sort((a, b) => a.node.localeCompare(b.node))
}
