import { describe, expect, it } from 'vitest'
import { trickleOf } from './trickle.ts'

const sdp = ['v=0', 'm=application 9', 'a=mid:0', 'a=candidate:u 1 udp 2 192.0.2.1 7882 typ host']
  .concat('a=candidate:t 1 tcp 1 192.0.2.1 7882 typ host tcptype passive', 'a=end-of-candidates', '')
  .join('\r\n')

describe("the server's candidates as messages", () => {
  it('are those of the description, the last one marked', () => {
    expect(
      trickleOf(sdp).map(({ candidateInit, final }) => ({ ...JSON.parse(candidateInit), final })),
    ).toEqual([
      {
        candidate: 'candidate:u 1 udp 2 192.0.2.1 7882 typ host',
        sdpMid: '0',
        sdpMLineIndex: 0,
        final: false,
      },
      {
        candidate: 'candidate:t 1 tcp 1 192.0.2.1 7882 typ host tcptype passive',
        sdpMid: '0',
        sdpMLineIndex: 0,
        final: true,
      },
    ])
  })

  it('are none for a description without', () => {
    expect(trickleOf('offer with data only')).toEqual([])
  })
})
