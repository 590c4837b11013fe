/** Element ids of RFC 9559 (Matroska) and RFC 8794 (EBML) that the recorder writes and reads. */
export const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  void: 0xec,
  simpleBlock: 0xa3,
} as const

/** The id as its own bytes: ids carry their length marker. */
export function idBytes(id: number): Buffer {
  const hex = id.toString(16)
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
}

/** Element with a size field of 8 bytes, whatever its length: fixed places are easy to find and to overwrite. */
export function element(id: number, ...content: Buffer[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([idBytes(id), sizeBytes(length), ...content])
}

/** A data size in 8 bytes (RFC 8794 §4). */
export function sizeBytes(length: number): Buffer {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(length) | (1n << 56n))
  return size
}

/** Size of a Segment that is still being written. */
export const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])

export function unsigned(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return element(id, bytes)
}

export function float(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return element(id, bytes)
}

export const text = (id: number, value: string): Buffer => element(id, Buffer.from(value, 'utf8'))

/** Head of the element at `offset`: its id, where its content begins and how long that is (null: unknown). */
export interface ElementHead {
  id: number
  start: number
  length: number | null
}

/** Reads an element head from `bytes`; null when it is not whole or not EBML. */
export function readHead(bytes: Buffer, offset: number): ElementHead | null {
  const first = bytes[offset]
  if (first === undefined || first === 0) return null
  const idLength = Math.clz32(first) - 23
  if (idLength > 4 || offset + idLength >= bytes.length) return null
  const id = bytes.readUIntBE(offset, idLength)
  const sizeAt = offset + idLength
  const marker = bytes[sizeAt]!
  if (marker === 0) return null
  const sizeLength = Math.clz32(marker) - 23
  if (sizeAt + sizeLength > bytes.length) return null
  let value = BigInt(marker) & ((1n << BigInt(8 - sizeLength)) - 1n)
  for (let i = 1; i < sizeLength; i += 1) value = (value << 8n) | BigInt(bytes[sizeAt + i]!)
  const isUnknown = value === (1n << BigInt(7 * sizeLength)) - 1n
  return { id, start: sizeAt + sizeLength, length: isUnknown ? null : Number(value) }
}
