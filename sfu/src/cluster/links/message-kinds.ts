/**
 * How a message travels. `facts` and `data` are numbered, acknowledged and come once and in order, each in its own sequence; facts go
 * first. `latest` is a fact that replaces the waiting one of the same key. `lossy` is dropped when too much waits or the link is down.
 */
export type Way = 'facts' | 'latest' | 'data' | 'lossy'

/**
 * What nodes say to each other and how it travels. The code is the byte on the wire: never given to another message. `gone` travels with
 * the data, so that it cannot overtake what that member had sent. Payloads are the business of whoever sends and takes them.
 */
const MESSAGES = {
  'room.enter': { code: 1, way: 'facts' },
  'room.full': { code: 2, way: 'facts' },
  member: { code: 3, way: 'facts' },
  gone: { code: 4, way: 'data' },
  data: { code: 5, way: 'data' },
  lossy: { code: 6, way: 'lossy' },
  datatrack: { code: 7, way: 'lossy' },
  speakers: { code: 8, way: 'latest' },
  quality: { code: 9, way: 'latest' },
  'pipe.open': { code: 10, way: 'facts' },
  'pipe.opened': { code: 11, way: 'facts' },
  'pipe.want': { code: 12, way: 'latest' },
  'pipe.state': { code: 13, way: 'latest' },
  lost: { code: 14, way: 'facts' },
  closed: { code: 15, way: 'facts' },
  buried: { code: 16, way: 'facts' },
  'datatrack.want': { code: 17, way: 'latest' },
  recorders: { code: 18, way: 'latest' },
} as const satisfies Record<string, { code: number; way: Way }>

/** Codes the links use themselves, among the facts. */
export const CALL_CODE = 250
export const ANSWER_CODE = 251

export type MessageKind = keyof typeof MESSAGES
/** The messages that travel this way. */
export type KindOf<W extends Way> = {
  [K in MessageKind]: (typeof MESSAGES)[K]['way'] extends W ? K : never
}[MessageKind]

const KIND_OF_CODE = new Map<number, MessageKind>(
  (Object.keys(MESSAGES) as MessageKind[]).map(kind => [MESSAGES[kind].code, kind]),
)

export const codeOfKind = (kind: MessageKind): number => MESSAGES[kind].code
export const wayOfKind = (kind: MessageKind): Way => MESSAGES[kind].way
/** Undefined for a message of a newer version, which is counted and passed over. */
export const kindOfCode = (code: number): MessageKind | undefined => KIND_OF_CODE.get(code)
