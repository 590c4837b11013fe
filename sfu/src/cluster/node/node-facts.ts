/** What a node says of itself to the others, in the record (`NodeFacts.facts`). */
import { z } from 'zod'

const FORMAT = 1

const schema = z.object({
  format: z.literal(FORMAT),
  /** Of its links, host:port. */
  address: z.string(),
  /** Of its port for clients as the other nodes reach it, host:port; '' when they do not. */
  signal: z.string(),
  /** By which clients reach this node and no other; '' when there is none. */
  url: z.string(),
  /** It takes no newcomers: it is drained. */
  isDraining: z.boolean(),
  /** Networks of clients that it has an address for, and whether it has one for all others. A node of an older version says neither. */
  networks: z.array(z.string()).default([]),
  servesAll: z.boolean().default(true),
})

export type OwnFacts = Omit<z.infer<typeof schema>, 'format'>

export const encodeNodeFacts = (facts: OwnFacts): string =>
  JSON.stringify({ format: FORMAT, ...facts } satisfies z.input<typeof schema>)

/** Undefined for those of another version, which this node cannot talk to. */
export function decodeNodeFacts(text: string): OwnFacts | undefined {
  try {
    const { format: _, ...facts } = schema.parse(JSON.parse(text))
    return facts
  } catch {
    return undefined
  }
}
