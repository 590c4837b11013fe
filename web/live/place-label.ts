/** What every unit is called before its place: it tells nobody apart, and on a small tile it is all that fits. */
const GENERIC_UNIT =
  /^(?:u[ỷỹ]|ủy)\s+ban\s+nhân\s+dân\s+|^ubnd\s+|^hđnd\s+|^people['’]s\s+committee\s+of\s+/iu
const GENERIC_HALL = /^hội\s+trường\s+/iu
/** The kind of a place, which a hall named after it leaves out. */
const KIND_OF_PLACE = /^(?:xã|phường|thị\s+trấn|đặc\s+khu|huyện|quận|thị\s+xã|thành\s+phố|tỉnh)\s+/iu

/**
 * The name of a hall where there is little room for it (a grid of nine tiles or more): the place first, because halls
 * are told apart by it, and what all of them have in common left out. `Hội trường Tân Cương` of `UBND xã Tân Cương` is
 * `Xã Tân Cương`; `Hội trường tầng 2` of `Uỷ ban nhân dân xã Phượng Tiến` is `Xã Phượng Tiến – Hội trường tầng 2`.
 * The full name stays what is read aloud and shown as a tip.
 */
export function placeLabel(hall: string, unit: string): string {
  const place = capitalised(unit.normalize('NFC').replace(GENERIC_UNIT, '').trim())
  const room = hall.normalize('NFC').trim()
  if (place === '') return room
  if (room === '') return place
  const own = room.replace(GENERIC_HALL, '').toLocaleLowerCase('vi')
  const names = [place, place.replace(KIND_OF_PLACE, '')].map(name => name.toLocaleLowerCase('vi'))
  return names.includes(own) ? place : `${place} – ${room}`
}

const capitalised = (text: string): string => text.charAt(0).toLocaleUpperCase('vi') + text.slice(1)
