/** Units and halls of the demo province: the province's bodies and communes with the names of Thái Nguyên. */

export interface DemoUnit {
  id: string
  name: string
  kind: 'province' | 'department' | 'commune' | 'ward'
  order: number
  parentId: string | null
  hall: { id: string; name: string }
}

const wards = [
  'Phan Đình Phùng',
  'Linh Sơn',
  'Tích Lương',
  'Gia Sàng',
  'Quyết Thắng',
  'Quan Triều',
  'Phổ Yên',
  'Vạn Xuân',
  'Sông Công',
  'Bá Xuyên',
]
const communes = [
  ...[
    'Tân Cương',
    'Đại Phúc',
    'Đại Từ',
    'Đức Lương',
    'Phú Thịnh',
    'La Bằng',
    'Phú Lạc',
    'An Khánh',
    'Quân Chu',
    'Vạn Phú',
  ],
  ...[
    'Phú Bình',
    'Điềm Thụy',
    'Kha Sơn',
    'Tân Khánh',
    'Đồng Hỷ',
    'Quang Sơn',
    'Trại Cau',
    'Nam Hoà',
    'Văn Hán',
    'Phú Lương',
  ],
  ...[
    'Vô Tranh',
    'Hợp Thành',
    'Định Hoá',
    'Bình Yên',
    'Trung Hội',
    'Phượng Tiến',
    'Phú Đình',
    'Kim Phượng',
    'Lam Vỹ',
    'Võ Nhai',
  ],
]
const departments = ['Sở Khoa học và Công nghệ', 'Sở Nội vụ', 'Sở Tài chính', 'Công an tỉnh']

const id = (prefix: string, number: number) => `${prefix}demo${String(number).padStart(3, '0')}`

/** All units with one hall each, in the order of protocol: province, departments, wards, communes. */
export function demoUnits(): DemoUnit[] {
  const province = id('UN_', 1)
  const units: DemoUnit[] = []
  const add = (name: string, kind: DemoUnit['kind'], hall: string) => {
    const number = units.length + 1
    units.push({
      id: id('UN_', number),
      name,
      kind,
      order: number,
      parentId: number === 1 ? null : province,
      hall: { id: id('HL_', number), name: hall },
    })
  }
  add('Uỷ ban nhân dân tỉnh', 'province', 'Hội trường tỉnh')
  for (const name of departments) add(name, 'department', `Phòng họp ${name}`)
  for (const name of wards) add(`UBND phường ${name}`, 'ward', `Hội trường ${name}`)
  for (const name of communes) add(`UBND xã ${name}`, 'commune', `Hội trường ${name}`)
  return units
}
