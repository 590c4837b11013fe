/** Names for the demo: communes and wards as they are called in Thái Nguyên; people and halls are invented. */
export const PASSWORD = 'diemcau-demo-2026'

export const departments = [
  ['Văn phòng UBND tỉnh', 'Phòng họp số 1 UBND tỉnh'],
  ['Sở Khoa học và Công nghệ', 'Phòng họp trực tuyến'],
  ['Sở Nội vụ', 'Hội trường tầng 3'],
  ['Sở Nông nghiệp và Môi trường', 'Hội trường lớn'],
] as const

export const wards = [
  'Phan Đình Phùng',
  'Linh Sơn',
  'Tích Lương',
  'Gia Sàng',
  'Quyết Thắng',
  'Quan Triều',
  'Phổ Yên',
  'Vạn Xuân',
  'Trung Thành',
  'Sông Công',
  'Bách Quang',
  'Đức Xuân',
] as const

export const communes = [
  'Tân Cương',
  'Đại Phúc',
  'Đại Từ',
  'La Bằng',
  'Phú Thịnh',
  'Quân Chu',
  'Thành Công',
  'Phú Bình',
  'Điềm Thụy',
  'Kha Sơn',
  'Đồng Hỷ',
  'Trại Cau',
  'Nam Hòa',
  'Văn Lăng',
  'Phú Lương',
  'Vô Tranh',
  'Định Hóa',
  'Phượng Tiến',
  'Lam Vỹ',
  'Võ Nhai',
  'Thần Sa',
  'La Hiên',
  'Tràng Xá',
  'Ba Bể',
  'Chợ Đồn',
  'Na Rì',
] as const

/** `hall` counts the halls in protocol order, from 0. */
export const people = [
  { id: 'admin', name: 'Hoàng Minh Quân', role: 'admin', title: 'Quản trị hệ thống', hall: null },
  { id: 'clerk', name: 'Nguyễn Thị Hà', role: 'clerk', title: 'Chuyên viên Văn phòng', hall: null },
  { id: 'chair', name: 'Trần Đức Thắng', role: 'chair', title: 'Phó Chủ tịch UBND tỉnh', hall: 0 },
  { id: 'secretary', name: 'Lê Thu Phương', role: 'secretary', title: 'Thư ký cuộc họp', hall: null },
  { id: 'operator', name: 'Phạm Văn Long', role: 'operator', title: 'Cán bộ kỹ thuật', hall: null },
  { id: 'official1', name: 'Nông Văn Bình', role: 'official', title: 'Chủ tịch UBND phường', hall: 4 },
  { id: 'official2', name: 'Triệu Thị Mai', role: 'official', title: 'Chủ tịch UBND phường', hall: 5 },
  { id: 'official3', name: 'Hà Quốc Việt', role: 'official', title: 'Chủ tịch UBND xã', hall: 16 },
  { id: 'official4', name: 'Ma Thị Lan', role: 'official', title: 'Phó Chủ tịch UBND xã', hall: 17 },
  { id: 'official5', name: 'Dương Văn Sơn', role: 'official', title: 'Chủ tịch UBND xã', hall: 18 },
] as const
