/** What a node says to the others of how much it has to do (`NodeFacts.load`). Pure. */

export interface NodeLoad {
  people: number
  /** What its workers use of their budget together, 0 to 1 and more. */
  load: number
  /** Newcomers that it can still take, and those whose seats are kept. */
  left: number
  keptLeft: number
}

export const encodeNodeLoad = (load: NodeLoad): string =>
  JSON.stringify({
    people: load.people,
    load: Math.round(load.load * 1_000) / 1_000,
    left: finite(load.left),
    keptLeft: finite(load.keptLeft),
  })

/** A node that says nothing of its budget, as those of an older version, is taken for one that has room. */
export function decodeNodeLoad(text: string): NodeLoad {
  const said = read(text)
  const number = (name: string, otherwise: number) => {
    const value = said[name]
    return typeof value === 'number' && value >= 0 ? value : otherwise
  }
  return {
    people: number('people', 0),
    load: number('load', 0),
    left: number('left', MOST),
    keptLeft: number('keptLeft', MOST),
  }
}

/** More than any node takes. */
const MOST = 1_000_000
const finite = (value: number) => Math.max(0, Math.min(MOST, Math.floor(value)))

function read(text: string): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(text)
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** What is said is up to some seconds old: those who were sent there since may not be in it, ms. */
const ON_THE_WAY_MS = 3_000

/** Those whom this node has sent to each other one lately. */
export class OnTheWay {
  readonly #sent: { node: string; atMs: number }[] = []

  sent(node: string, nowMs: number): void {
    this.#sent.push({ node, atMs: nowMs })
  }

  to(node: string, nowMs: number): number {
    while ((this.#sent[0]?.atMs ?? nowMs) <= nowMs - ON_THE_WAY_MS) this.#sent.shift()
    return this.#sent.filter(sent => sent.node === node).length
  }
}
