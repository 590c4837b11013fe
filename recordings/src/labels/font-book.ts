/** Which fonts a name needs: the product's own for Latin letters, Noto for every other script, file by file. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GlobalFonts } from '@napi-rs/canvas'
import { z } from 'zod'

/** Whole font with all Vietnamese letters, unlike those split for the web. */
const BASE = '@expo-google-fonts/be-vietnam-pro/500Medium/BeVietnamPro_500Medium.ttf'
const BASE_FAMILY = 'Be Vietnam Pro'
/** What the base font has: Latin with all its marks, punctuation, the currency signs. */
const BASE_RANGES: Range[] = [
  [0x20, 0x24f],
  [0x2b0, 0x36f],
  [0x1e00, 0x1eff],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x20ab, 0x20ac],
]
/**
 * By script; the first that has a letter is taken. Han is written as in China where no kana or hangul says otherwise. A
 * script that is not here is drawn with what the system has (Debian: fonts-noto-core).
 */
const PACKAGES = ['noto-sans', 'noto-sans-khmer', 'noto-sans-lao', 'noto-sans-thai', 'noto-sans-arabic']
const MORE = ['noto-sans-hebrew', 'noto-sans-devanagari', 'noto-sans-sc', 'noto-sans-jp', 'noto-sans-kr']

type Range = [from: number, to: number]
interface FontFile {
  family: string
  path: string
  ranges: Range[]
}

const has = (ranges: readonly Range[], codePoint: number): boolean =>
  ranges.some(([from, to]) => codePoint >= from && codePoint <= to)

/** `U+1780-17FF,U+200C` (CSS unicode-range) as numbers. */
function parseRanges(text: string): Range[] {
  return text.split(',').map((part): Range => {
    const [from = '', to] = part.trim().replace(/^U\+/i, '').split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to ?? from, 16)]
  })
}

/** The files of a fontsource package; each holds the letters its `unicode.json` says. */
function filesOf(name: string): FontFile[] {
  const folder = dirname(fileURLToPath(import.meta.resolve(`@fontsource-variable/${name}/LICENSE`)))
  const subsets = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(folder, 'unicode.json'), 'utf8')))
  return Object.entries(subsets).map(([subset, ranges]) => {
    const file = `${name}-${subset.replace(/[[\]]/g, '')}-wght-normal`
    return { family: file, path: join(folder, 'files', `${file}.woff2`), ranges: parseRanges(ranges) }
  })
}

/** Fonts are registered when a name first needs them: some hundred files, of which a meeting uses two or three. */
export class FontBook {
  readonly #files: FontFile[]
  readonly #registered = new Set<string>()

  private constructor(files: FontFile[]) {
    this.#files = files
  }

  static open(): FontBook {
    const book = new FontBook([...PACKAGES, ...MORE].flatMap(filesOf))
    book.#register({ family: BASE_FAMILY, path: fileURLToPath(import.meta.resolve(BASE)), ranges: [] })
    return book
  }

  /** CSS list of families in which every letter of the text is to be had. */
  familiesFor(text: string): string {
    const families = [BASE_FAMILY]
    for (const letter of text) {
      const codePoint = letter.codePointAt(0)!
      if (has(BASE_RANGES, codePoint)) continue
      const file = this.#files.find(({ ranges }) => has(ranges, codePoint))
      if (!file || families.includes(file.family)) continue
      this.#register(file)
      families.push(file.family)
    }
    return families.map(family => `"${family}"`).join(', ')
  }

  #register({ family, path }: FontFile): void {
    if (this.#registered.has(family)) return
    this.#registered.add(family)
    if (!GlobalFonts.registerFromPath(path, family)) throw new Error(`font ${path} cannot be read`)
  }
}
