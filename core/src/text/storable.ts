import { z } from 'zod'

/**
 * What PostgreSQL's text and JSON, and UTF-8, can carry: no U+0000 and no half of a surrogate pair. For values that are
 * taken as they are (ids, addresses, what other programs send); what people type goes through clean-text.ts.
 */

const UNSTORABLE = /[\0\p{Cs}]/u
const CONTROL = /[\p{Cc}\p{Cs}]/u

export const isStorable = (text: string): boolean => !UNSTORABLE.test(text)

/** The same for a JSON value or a decoded message: every text and every key in it, at any depth. Bytes may be any. */
export function isStorableJson(value: unknown): boolean {
  // A list of what is still to be seen rather than recursion: nesting without end must not end the stack.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next === 'string') {
      if (!isStorable(next)) return false
    } else if (Array.isArray(next)) for (const inner of next) left.push(inner)
    else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next))
      for (const [key, inner] of Object.entries(next)) {
        if (!isStorable(key)) return false
        left.push(inner)
      }
  }
  return true
}

/** No control characters at all: what names a thing on one line. */
export const isPlain = (text: string): boolean => !CONTROL.test(text)

/** Schema of an id that another side sends: of whatever script, but without control characters. */
export const plainId = (max = 64) =>
  z.string().min(1).max(max).refine(isPlain, { error: 'holds control characters' })
