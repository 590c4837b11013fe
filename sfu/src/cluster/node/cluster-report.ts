import type { ClusterReport, LinkReport } from '@diemcau/core/contracts/node-report.ts'
import type { NodeSession } from './node-session.ts'

/** How this incarnation stands with the others; of none: a node that was buried and has not begun anew. */
export function reportCluster(session: NodeSession | undefined): Omit<ClusterReport, 'placements'> {
  if (!session)
    return {
      instance: '',
      address: '',
      reachesRecord: false,
      isCutOff: false,
      links: [],
      claims: 0,
      reservedSeats: 0,
      storyWaiting: 0,
      storyLost: 0,
    }
  const { inst, address, beats, links, seats, reserved, story } = session
  return {
    instance: inst,
    address,
    reachesRecord: beats.reachesRecord,
    isCutOff: beats.isCutOff,
    links: links.peers().map(
      (peer): LinkReport => ({
        node: peer.address ?? peer.incarnation,
        incarnation: peer.incarnation,
        isUp: peer.isUp,
        roundTripMs: peer.roundTripMs,
        waitingBytes: peer.waitingBytes,
        sentBytes: peer.sentBytes,
        receivedBytes: peer.receivedBytes,
        breaks: peer.breaks,
      }),
    ),
    claims: seats.size,
    reservedSeats: reserved.size,
    storyWaiting: story.waiting,
    storyLost: story.lost,
  }
}
