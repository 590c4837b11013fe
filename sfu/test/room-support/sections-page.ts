/// <reference lib="dom" />
/** Runs in the browser beside page.ts: how long the descriptions of the page's peer connections are. */

interface DescriptionSize {
  /** m= lines, the data section included. */
  sections: number
  bytes: number
}

const connections: RTCPeerConnection[] = []
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration)
    connections.push(this)
  }
}

/** Of the newest connection of which the other side's description is of `type`. */
function sizeOf(type: RTCSdpType): DescriptionSize {
  const descriptions = connections
    .filter(pc => pc.connectionState !== 'closed' && pc.remoteDescription?.type === type)
    .map(pc => pc.remoteDescription!.sdp)
  const sdp = descriptions.at(-1) ?? ''
  return { sections: sdp.match(/^m=/gm)?.length ?? 0, bytes: sdp.length }
}

const sections = {
  /** What the server answered to this page's tracks, line for line as this page offered them. */
  publishing: () => sizeOf('answer'),
  /** What the server offers this page. */
  receiving: () => sizeOf('offer'),
}

declare global {
  interface Window {
    sections: typeof sections
  }
}
window.sections = sections
