/**
 * The names of a scene, painted beforehand: with the shaping that scripts such as Khmer or Arabic need, which ffmpeg's
 * own text filter lacks or not, as it happens to be built. One transparent picture of the size of the film.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import { PICTURE, type Rect } from '../compose/layouts.ts'
import { FontBook } from './font-book.ts'

/** A name and the tile it belongs to. */
export interface Label {
  name: string
  rect: Rect
  /** There is no picture in the tile: the name stands in its middle. */
  isPlaceholder: boolean
}

const BOX = 'rgba(0, 0, 0, 0.55)'
/** Line height of the fonts used, marks above and below included. */
const LINE = 1.5

let book: FontBook | null = null

/** A PNG, or null when there is nothing to be painted. */
export function paintLabels(labels: readonly Label[]): Buffer | null {
  const shown = labels
    .map(label => ({ ...label, name: readable(label.name) }))
    .filter(({ name }) => name !== '')
  if (shown.length === 0) return null
  const canvas = createCanvas(PICTURE.width, PICTURE.height)
  const context = canvas.getContext('2d')
  for (const label of shown) paint(context, label)
  return canvas.toBuffer('image/png')
}

function paint(context: SKRSContext2D, { name, rect, isPlaceholder }: Label): void {
  const size = fontSize(rect)
  const padding = Math.round(size / 3)
  const text = fit(context, name, size, rect.width - padding * 4)
  const width = Math.ceil(context.measureText(text).width)
  const height = Math.round(size * LINE)
  const x = isPlaceholder ? rect.x + (rect.width - width) / 2 : rect.x + padding * 2
  const y = isPlaceholder ? rect.y + (rect.height - height) / 2 : rect.y + rect.height - height - padding
  if (!isPlaceholder) {
    context.fillStyle = BOX
    context.fillRect(x - padding, y, width + padding * 2, height)
  }
  context.fillStyle = 'white'
  context.textBaseline = 'middle'
  context.fillText(text, x, y + height / 2)
}

/** The text, or as much of it as is not wider than `width`, with an ellipsis; letters with their marks stay whole. */
export function fit(context: SKRSContext2D, text: string, size: number, width: number): string {
  book ??= FontBook.open()
  context.font = `${size}px ${book.familiesFor(`${text}…`)}`
  const measure = (part: string): number => context.measureText(part).width
  if (measure(text) <= width) return text
  const letters = [...new Intl.Segmenter('vi', { granularity: 'grapheme' }).segment(text)].map(s => s.segment)
  const shortened = (count: number): string => `${letters.slice(0, count).join('').trimEnd()}…`
  let [least, most] = [0, letters.length]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (measure(shortened(middle)) <= width) least = middle
    else most = middle - 1
  }
  return shortened(least)
}

export const fontSize = (rect: Rect): number => Math.max(14, Math.min(30, Math.round(rect.height / 22)))

/** One line of letters: no line breaks, no control characters, nothing that turns the direction of what follows. */
const readable = (name: string): string =>
  name
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim()
