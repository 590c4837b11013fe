import { createCanvas, loadImage } from '@napi-rs/canvas'
import { describe, expect, it } from 'vitest'
import { stripRect } from '../compose/layouts.ts'
import { fit, fontSize, paintLabels } from './paint-labels.ts'

/** Alpha of every pixel of the painted names. */
async function alphaOf(
  names: string[],
  isPlaceholder = true,
): Promise<{ alpha: Uint8ClampedArray; width: number }> {
  const png = paintLabels(names.map((name, n) => ({ name, rect: stripRect(n), isPlaceholder })))!
  const image = await loadImage(png)
  const canvas = createCanvas(image.width, image.height)
  const context = canvas.getContext('2d')
  context.drawImage(image, 0, 0)
  return { alpha: context.getImageData(0, 0, image.width, image.height).data, width: image.width }
}
/** How many pixels of a tile are painted, and the columns between which they lie. */
function inkIn({ alpha, width }: Awaited<ReturnType<typeof alphaOf>>, n: number) {
  const rect = stripRect(n)
  let count = 0
  let [left, right] = [Number.POSITIVE_INFINITY, -1]
  for (let y = rect.y; y < rect.y + rect.height; y += 1)
    for (let x = 0; x < width; x += 1)
      if (alpha[(y * width + x) * 4 + 3]! > 128) {
        count += 1
        left = Math.min(left, x)
        right = Math.max(right, x)
      }
  return { count, left, right }
}

const SCRIPTS: [string, string][] = [
  ['Vietnamese', 'Hội trường Đồng Hỷ ỗ'],
  ['Khmer', 'ភូមិ ព្រះរាជាណាចក្រ'],
  ['Lao', 'ນະຄອນຫຼວງວຽງຈັນ'],
  ['Thai', 'สวัสดี ผู้ใหญ่'],
  ['Chinese', '张伟 會議室'],
  ['Japanese', 'たなか カナ 会議'],
  ['Korean', '김민수'],
  ['Russian', 'Борис Иванов'],
  ['Greek', 'Γιώργος'],
  ['Arabic', 'محمد علي'],
  ['Hebrew', 'דוד לוי'],
  ['Hindi', 'हिन्दी नाम'],
]

describe('names in a film', () => {
  it.each(SCRIPTS)('are drawn in %s, each letter its own', async (_script, name) => {
    const drawn = await alphaOf([name])
    const ink = inkIn(drawn, 0)
    expect(ink.count).toBeGreaterThan(60)
    // A font without these letters draws the same box for all of them: then one letter repeated looks the same.
    const [first = ''] = [...name]
    const boxes = await alphaOf([[...name].map(letter => (letter === ' ' ? ' ' : first)).join('')])
    expect(Buffer.compare(Buffer.from(drawn.alpha), Buffer.from(boxes.alpha))).not.toBe(0)
  })

  it.each([
    ...SCRIPTS,
    ['capitals', 'ỦY BAN NHÂN DÂN WWWWWWWW'],
    ['emoji', '👩‍👩‍👧‍👦😀'] as [string, string],
  ])('stay in their tile however long they are: %s', async (_script, name) => {
    const long = Array(12).fill(name).join(' ')
    for (const isPlaceholder of [true, false]) {
      const { left, right } = inkIn(await alphaOf([long], isPlaceholder), 0)
      const rect = stripRect(0)
      expect(left).toBeGreaterThanOrEqual(rect.x)
      expect(right).toBeLessThan(rect.x + rect.width)
    }
  })

  it('are shortened by what they measure, whole letters with their marks, and not at all when they fit', () => {
    const context = createCanvas(10, 10).getContext('2d')
    const size = fontSize(stripRect(0))
    expect(fit(context, 'Hội trường', size, 500)).toBe('Hội trường')
    const wide = fit(context, 'WWWWWWWWWWWWWWWWWWWW', size, 100)
    const narrow = fit(context, 'iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii', size, 100)
    expect(wide.endsWith('…')).toBe(true)
    expect(narrow.length).toBeGreaterThan(wide.length * 2)
    expect(fit(context, 'Đồng'.normalize('NFD').repeat(20), size, 100).normalize('NFC')).toMatch(
      /^(Đồng)*(Đ|Đồ|Đồn)?…$/,
    )
    expect(fit(context, 'x', size, 0)).toBe('…')
  })

  it('are nothing where there are none, and take no orders', async () => {
    expect(paintLabels([])).toBeNull()
    expect(paintLabels([{ name: ' \n\u202e ', rect: stripRect(0), isPlaceholder: true }])).toBeNull()
    const plain = await alphaOf(['An Bình'])
    const turned = await alphaOf(['\u202eAn\u0000 \r\nBình\u202c'])
    expect(Buffer.compare(Buffer.from(plain.alpha), Buffer.from(turned.alpha))).toBe(0)
  })

  it('stand each in its own tile', async () => {
    const drawn = await alphaOf(['An', 'Bình', 'Châu'], false)
    for (const n of [0, 1, 2]) expect(inkIn(drawn, n).count).toBeGreaterThan(100)
    expect(inkIn(drawn, 4).count).toBe(0)
  })
})
