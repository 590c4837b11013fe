/** Reads bits of a NAL unit whose emulation prevention bytes are already out (ITU-T H.264 §7.3.1). */
class BitReader {
  readonly #bytes: number[]
  #position = 0

  constructor(bytes: number[]) {
    this.#bytes = bytes
  }

  bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i += 1) {
      const byte = this.#bytes[this.#position >> 3]
      if (byte === undefined) throw new RangeError('SPS too short')
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1)
      this.#position += 1
    }
    return value
  }

  /** ue(v), §9.1. */
  unsigned(): number {
    let zeros = 0
    while (this.bits(1) === 0) {
      zeros += 1
      if (zeros > 31) throw new RangeError('SPS damaged')
    }
    return 2 ** zeros - 1 + this.bits(zeros)
  }

  /** se(v), §9.1.1. */
  signed(): number {
    const code = this.unsigned()
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2
  }
}

/** Profiles whose SPS has chroma format and scaling lists (ITU-T H.264 §7.3.2.1.1). */
const HIGH_PROFILES = new Set([44, 83, 86, 100, 110, 118, 122, 128, 134, 138, 139, 244])

/** Picture size in pixels from a sequence parameter set (with its NAL header), cropping applied; null when damaged. */
export function readSpsSize(sps: Buffer): { width: number; height: number } | null {
  const bytes: number[] = []
  for (let i = 1; i < sps.length; i += 1)
    if (!(sps[i] === 3 && sps[i - 1] === 0 && sps[i - 2] === 0)) bytes.push(sps[i]!)
  try {
    const reader = new BitReader(bytes)
    const profile = reader.bits(8)
    reader.bits(16)
    reader.unsigned()
    let chroma = 1
    if (HIGH_PROFILES.has(profile)) {
      chroma = reader.unsigned()
      if (chroma === 3) reader.bits(1)
      reader.unsigned()
      reader.unsigned()
      reader.bits(1)
      if (reader.bits(1)) for (let i = 0; i < (chroma === 3 ? 12 : 8); i += 1) skipScalingList(reader, i)
    }
    reader.unsigned()
    const orderType = reader.unsigned()
    if (orderType === 0) reader.unsigned()
    else if (orderType === 1) {
      reader.bits(1)
      reader.signed()
      reader.signed()
      const count = reader.unsigned()
      for (let i = 0; i < count; i += 1) reader.signed()
    }
    reader.unsigned()
    reader.bits(1)
    const width = (reader.unsigned() + 1) * 16
    const mapHeight = reader.unsigned() + 1
    const framesOnly = reader.bits(1)
    if (!framesOnly) reader.bits(1)
    reader.bits(1)
    const height = mapHeight * 16 * (2 - framesOnly)
    if (!reader.bits(1)) return { width, height }
    const [left, right, top, bottom] = [
      reader.unsigned(),
      reader.unsigned(),
      reader.unsigned(),
      reader.unsigned(),
    ]
    const cropX = chroma === 1 || chroma === 2 ? 2 : 1
    const cropY = (chroma === 1 ? 2 : 1) * (2 - framesOnly)
    return { width: width - (left + right) * cropX, height: height - (top + bottom) * cropY }
  } catch {
    // A damaged SPS is the same as none: the caller waits for the next key frame.
    return null
  }
}

function skipScalingList(reader: BitReader, index: number): void {
  if (!reader.bits(1)) return
  let next = 8
  for (let i = 0; i < (index < 6 ? 16 : 64) && next !== 0; i += 1) next = (next + reader.signed() + 256) % 256
}
