/** Session descriptions as a visitor without any media makes them. */

const FINGERPRINT = Array.from({ length: 32 }, (_, index) => (index + 16).toString(16))
  .join(':')
  .toUpperCase()

/** A publisher offer of one section a cid, by kind in turns; the transport behind it never comes up. */
export function offerOf(identity: string, cids: number[], isStopped: boolean, ufrag: number): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0']
  for (const [index, cid] of cids.entries()) {
    const kind = cid % 2 === 0 ? 'audio' : 'video'
    const [pt, map] = kind === 'audio' ? [111, 'opus/48000/2'] : [96, 'VP8/90000']
    lines.push(
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${pt}`,
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:u${ufrag}`,
      'a=ice-pwd:pppppppppppppppppppppppp',
      `a=fingerprint:sha-256 ${FINGERPRINT}`,
      'a=setup:actpass',
      `a=mid:${index}`,
      isStopped ? 'a=inactive' : 'a=sendonly',
      `a=msid:- ${identity}-${cid}`,
      `a=rtpmap:${pt} ${map}`,
      // The same number from every visitor, as bad luck or bad will would have it.
      `a=ssrc:${1000 + cid} cname:x`,
    )
  }
  return `${lines.join('\r\n')}\r\n`
}

/** Takes whatever the offer holds; an offer that never came is answered all the same. */
export function answerOf(offer: string): string {
  const own = [`a=ice-ufrag:a`, 'a=ice-pwd:pppppppppppppppppppppppp', `a=fingerprint:sha-256 ${FINGERPRINT}`]
  return offer
    .split('\r\n')
    .filter(line => !/^a=(candidate|end-of|ice-|fingerprint|setup|ssrc|msid)/.test(line))
    .map(line => line.replace('a=sendonly', 'a=recvonly'))
    .flatMap(line => (line.startsWith('a=mid:') ? [line, ...own, 'a=setup:active'] : [line]))
    .join('\r\n')
}
