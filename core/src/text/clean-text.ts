import { z } from 'zod'

/**
 * What people type, made safe to show, store and print: names, titles, chat, questions. One rule for every edge, so that a
 * name looks the same in the room, in a mail, in a spreadsheet and in a film.
 *
 * Taken out: control characters, halves of surrogate pairs, noncharacters, direction overrides, isolates and marks (UAX #9),
 * characters without a picture (zero width spaces, fillers, tags, stray joiners and variation selectors) and marks piled
 * on one letter. Kept: every letter of every script, joiners inside emoji and in scripts that need them (UAX #31 §2.3).
 * The result is in NFC; what would show nothing is ''.
 */

/** At most so many non-spacing marks on one letter; after NFC no living language puts more on one. */
const MOST_MARKS = 4
/** Raw text may be longer than its cleaned form, but not without end: cleaning is work. */
const RAW_ALLOWANCE = 4

const LINE_BREAK = /\r\n?|[\n\v\f\u0085\u2028\u2029]/g
/** Braille blank is a symbol by its category and a blank to the eye. */
const SPACE = /[\p{Zs}\t\u2800]/gu
const ZWNJ = '\u200c'
const ZWJ = '\u200d'
const NON_SPACING = /[\p{Mn}\p{Me}]/u
const MARK = /\p{M}/u
const EMOJI = /\p{Emoji}/u
const PICTOGRAPH = /\p{Extended_Pictographic}/u
const SKIN_TONE = /\p{Emoji_Modifier}/u
const HAN = /\p{Script=Han}/u
/** Signs of Arabic and its kin that stand under the digits after them: format characters one sees. */
const VISIBLE_FORMAT = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u
const NO_PICTURE =
  /[\p{Cc}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{1d159}\u{16fe4}]/u
/** Scripts whose spelling uses ZWJ and ZWNJ. */
const JOINING_SCRIPT =
  /[\p{sc=Arabic}\p{sc=Syriac}\p{sc=Mongolian}\p{sc=Nko}\p{sc=Mandaic}\p{sc=Devanagari}\p{sc=Bengali}\p{sc=Gurmukhi}\p{sc=Gujarati}\p{sc=Oriya}\p{sc=Tamil}\p{sc=Telugu}\p{sc=Kannada}\p{sc=Malayalam}\p{sc=Sinhala}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}\p{sc=Balinese}\p{sc=Javanese}]/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

const isStyleSelector = (char: string) => char === '\ufe0e' || char === '\ufe0f'
const isHanSelector = (char: string) => char >= '\u{e0100}' && char <= '\u{e01ef}'

/** Whether a character that shows nothing by itself belongs to what stands around it. */
function isPartOfSpelling(char: string, before: string, kept: string, after: string | undefined): boolean {
  if (isStyleSelector(char)) return EMOJI.test(before)
  if (isHanSelector(char)) return HAN.test(before)
  if (after === undefined) return false
  if (char === ZWJ && PICTOGRAPH.test(after))
    return PICTOGRAPH.test(before) || SKIN_TONE.test(before) || (isStyleSelector(before) && EMOJI.test(kept))
  return (char === ZWJ || char === ZWNJ) && JOINING_SCRIPT.test(before) && JOINING_SCRIPT.test(after)
}

/** One pass over the characters; line breaks are '\n' by now and blanks ' '. */
function strip(text: string): string {
  const chars = Array.from(text)
  let result = ''
  /** The last character kept, and the one before it. */
  let before = ''
  let kept = ''
  let marks = 0
  for (const [index, char] of chars.entries()) {
    if (char === '\n' || char === ' ') marks = 0
    else if (NO_PICTURE.test(char) && !VISIBLE_FORMAT.test(char)) {
      if (!isPartOfSpelling(char, before, kept, chars[index + 1])) continue
    } else if (NON_SPACING.test(char)) {
      // A mark with nothing under it would settle on whatever the page shows before the text.
      if (before === '' || before === '\n' || before === ' ' || marks === MOST_MARKS) continue
      marks += 1
    } else if (!MARK.test(char)) marks = 0
    result += char
    kept = before
    before = char
  }
  return result
}

function clean(text: string): string {
  const breaks = text.replace(LINE_BREAK, '\n').replace(SPACE, ' ')
  // Taking a character out may bring a letter and its accent together.
  const result = strip(breaks.normalize('NFC')).normalize('NFC')
  return VISIBLE.test(result) ? result : ''
}

/** One line: a name, a title, a topic. Line breaks and runs of blanks become one blank. */
export const cleanLine = (text: string): string =>
  clean(text)
    .replace(/[ \n]+/g, ' ')
    .trim()

/** Several lines: chat, questions, descriptions. At most one empty line in a row; no blanks at the end of a line, none around the whole. */
export const cleanBlock = (text: string): string =>
  clean(text)
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()

/** The first `max` UTF-16 code units, without half of a pair at the end. */
export const cut = (text: string, max: number): string => text.slice(0, max).replace(/[\ud800-\udbff]$/, '')

interface Length {
  /** UTF-16 code units of the cleaned text; 0 when it may be empty. */
  min?: number
  max: number
}

const cleaned = (rule: (text: string) => string, { min = 0, max }: Length) =>
  z
    .string()
    .max(max * RAW_ALLOWANCE)
    .transform(rule)
    .pipe(z.string().min(min).max(max))

/** Schema of one line as people type it: cleaned first, then measured. */
export const lineText = (length: Length) => cleaned(cleanLine, length)

/** Schema of several lines as people type them: cleaned first, then measured. */
export const blockText = (length: Length) => cleaned(cleanBlock, length)
