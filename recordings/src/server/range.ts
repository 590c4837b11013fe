/** A part of a file: first and last byte, both included. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * The one range of a Range header (RFC 9110 §14.2) for a file of `size` bytes. `all`: no header, or one to be ignored
 * (another unit, damaged, several ranges); `unsatisfiable`: it begins behind the end.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'all' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return 'all'
  if (match[1] === '') {
    const suffix = Number(match[2])
    return suffix === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - suffix), end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[2] !== '' && Number(match[2]) < start) return 'all'
  return start >= size ? 'unsatisfiable' : { start, end }
}
