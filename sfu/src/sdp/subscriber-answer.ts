/** Reads a client's answer on the subscriber connection. Pure. */
import type { DtlsParameters } from 'mediasoup/types'
import { parseRemoteDescription } from './remote-description.ts'

export interface SubscriberAnswer {
  iceUfrag: string
  dtlsParameters: DtlsParameters
  sections: Map<string, AnsweredSection>
}

export interface AnsweredSection {
  /** The client stopped the transceiver: the section cannot be used again. */
  isRejected: boolean
  /** The client will take media in the section. */
  isReceiving: boolean
  payloadTypes: Set<number>
}

/** @throws AppError('bad_sdp') */
export function parseSubscriberAnswer(sdp: string): SubscriberAnswer {
  const remote = parseRemoteDescription(sdp)
  const sections = new Map<string, AnsweredSection>()
  for (const section of remote.sections) {
    sections.set(section.mid, {
      isRejected: section.isRejected,
      isReceiving:
        !section.isRejected && (section.direction === 'recvonly' || section.direction === 'sendrecv'),
      payloadTypes: new Set(
        `${section.media.payloads ?? ''}`
          .split(' ')
          .map(Number)
          .filter(pt => Number.isInteger(pt)),
      ),
    })
  }
  // An answerer must choose; a client that still says actpass is taken for the active side (RFC 8842 §5.3).
  const role = remote.dtlsParameters.role === 'server' ? 'server' : 'client'
  return { iceUfrag: remote.iceUfrag, dtlsParameters: { ...remote.dtlsParameters, role }, sections }
}
