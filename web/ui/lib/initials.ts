/** Forms of address and academic titles, which are no part of a name. */
const ADDRESS =
  /^(?:(?:ông|bà|anh|chị|cô|chú|bác|em|đồng chí|đ\/c|gs|pgs|tskh|ts|ths|bs|ks|ls|mr|mrs|ms|dr)(?:\.\s*|\s+))+/iu
/** What a place is, which all places share: a grid of thirty "HT" would tell nothing. */
const PLACE_WORDS =
  /(?:uỷ ban nhân dân|ủy ban nhân dân|hội đồng nhân dân|ubnd|hđnd|ubmttq|hội trường|phòng họp|phòng|điểm cầu|trụ sở|trung tâm|nhà văn hoá|nhà văn hóa|văn phòng|tầng|số|khu|tổ dân phố|thôn|xóm|bản|xã|phường|thị trấn|thị xã|thành phố|quận|huyện|tỉnh|đảng uỷ|đảng ủy|hall|room|meeting room|conference|commune|ward|district|province)/u
const IS_PLACE = new RegExp(`^${PLACE_WORDS.source}(?=[\\s\\d]|$)`, 'iu')
const ALL_PLACE_WORDS = new RegExp(`(?<=^|[\\s])${PLACE_WORDS.source}(?=[\\s\\d]|$)`, 'giu')

const wordsOf = (text: string): string[] => text.split(/[\s–-]+/).filter(word => /^\p{L}/u.test(word))
const letters = (words: readonly (string | undefined)[]): string =>
  words.map(word => [...(word ?? '')][0]?.toLocaleUpperCase('vi') ?? '').join('')

/**
 * Two letters for whoever stands before the dash of `name – unit`. A person: family name and given name, which stands last
 * in Vietnamese ("Nguyễn Thị Hồng Ánh" gives "NÁ"). A hall: what its own name is, without the words for what it is
 * ("Hội trường xã Tân Cương" gives "TC"), and where it has none that of its unit.
 */
export function initials(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/\(.*?\)/g, ' ')
    .trim()
  if (IS_PLACE.test(plain)) {
    const own = wordsOf(plain.replace(ALL_PLACE_WORDS, ' '))
    return letters((own.length > 0 ? own : wordsOf(plain)).slice(0, 2))
  }
  const words = wordsOf((plain.split(/\s[–-]\s/)[0] ?? '').replace(ADDRESS, ''))
  return letters(words.length > 1 ? [words[0], words.at(-1)] : words)
}

/** A stable number 0..(count-1) for a name, to give each person the same colour everywhere. */
export function hueOf(name: string, count: number): number {
  let sum = 7
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum % count
}
