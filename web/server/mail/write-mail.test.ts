import { describe, expect, it } from 'vitest'
import type { MailFacts } from './mail-facts.ts'
import { writeMail } from './write-mail.ts'

const account = {
  name: 'Nguyễn Văn A',
  email: 'a@demo.local',
  hasAccount: true,
  passcode: null,
  halls: [{ name: 'Hội trường tầng 2 – UBND xã Phượng Tiến', code: null }],
}
const guest = {
  name: 'khach@x.vn',
  email: 'khach@x.vn',
  hasAccount: false,
  passcode: '123456',
  halls: [],
}
const facts = (over: Partial<MailFacts> = {}, meeting: Partial<MailFacts['meeting']> = {}): MailFacts => ({
  kind: 'invited',
  locale: 'vi',
  timeZone: 'Asia/Ho_Chi_Minh',
  recipient: account,
  organizer: { name: 'Điểm Cầu', email: 'no-reply@diemcau.local' },
  joinUrl: 'http://localhost:3000/m/abc-defg-hjk?as=account',
  joinQr: 'data:image/png;base64,AAAA',
  watchUrl: 'http://localhost:3000/w/abc-defg-hjk',
  supportPhone: '0208 3855 555',
  doorsOpenAt: new Date('2026-11-23T00:00:00Z'),
  changes: [],
  meeting: {
    id: 'MT_1',
    title: 'Giao ban tháng 11',
    chairName: 'Phạm Hoàng Sơn',
    startsAt: new Date('2026-11-23T00:30:00Z'),
    endsAt: new Date('2026-11-23T04:00:00Z'),
    agenda: '1. Khai mạc\n2. Thảo luận',
    recorded: true,
    icsSequence: 2,
    cancelledReason: null,
    ...meeting,
  },
  ...over,
})
/** Calendar lines folded at 75 octets (RFC 5545 §3.1) joined again. */
const unfold = (ics: string): string => ics.replaceAll(/\r?\n[ \t]/g, '')

describe('mails about a meeting', () => {
  it('invite with time, chair, own hall, links, telephone, and the notice of recording', () => {
    const mail = writeMail(facts())
    expect(mail.subject).toBe('Giấy mời: Giao ban tháng 11')
    for (const told of [
      '07:30',
      'Phòng họp mở từ 07:00.',
      'Chủ toạ: Phạm Hoàng Sơn',
      'Điểm cầu của Ông/Bà: Hội trường tầng 2 – UBND xã Phượng Tiến',
      'http://localhost:3000/m/abc-defg-hjk?as=account',
      'http://localhost:3000/w/abc-defg-hjk',
      '0208 3855 555',
      'Cuộc họp này được ghi hình.',
      'đăng nhập bằng tài khoản của mình, không cần mã',
    ])
      expect(mail.text).toContain(told)
    expect(mail.html).toContain('1. Khai mạc<br>2. Thảo luận')
    expect(mail.html).toContain('src="data:image/png;base64,AAAA"')
  })
  it('leave out what there is not', () => {
    const { text, html } = writeMail(
      facts({ joinQr: null, watchUrl: null, supportPhone: null, recipient: { ...account, halls: [] } }),
    )
    for (const absent of ['Xem công khai', 'Hỗ trợ kỹ thuật', 'Điểm cầu của Ông/Bà'])
      expect(text).not.toContain(absent)
    expect(html).not.toContain('<img')
  })
  it('tell codes to those without an account only', () => {
    expect(writeMail(facts()).text).not.toMatch(/\bMã\b/)
    expect(writeMail(facts({ recipient: guest })).text).toContain('Mã vào họp: 123 456')
    const hall = { ...guest, passcode: null, halls: [{ name: 'Nhà văn hoá – Xã A', code: '12345678' }] }
    const { text } = writeMail(facts({ recipient: hall }))
    expect(text).toContain('Mã riêng của Nhà văn hoá – Xã A: 1234 5678')
    expect(text).toContain('Tôi là khách')
  })
  it('say what changed, as it was and as it is', () => {
    const mail = writeMail(
      facts({
        kind: 'changed',
        changes: [
          { field: 'time', before: '08:00 <hôm qua>', after: '09:00' },
          { field: 'agenda', before: '1. A', after: '1. A\n2. B' },
        ],
      }),
    )
    expect(mail.text).toContain('- Thời gian: 08:00 <hôm qua> → 09:00')
    expect(mail.text).toContain('- Chương trình:\n1. A\n→\n1. A\n2. B')
    expect(mail.html).toContain('08:00 &lt;hôm qua&gt;</s><br><strong>09:00</strong>')
    expect(mail.icsMethod).toBe('REQUEST')
  })
  it('carry a calendar request with a lasting UID', () => {
    const ics = unfold(writeMail(facts()).ics)
    expect(ics).toContain('METHOD:REQUEST')
    expect(ics).toContain('UID:MT_1@diemcau')
    expect(ics).toContain('SEQUENCE:2')
    expect(ics).toContain('DTSTART:20261123T003000Z')
    expect(ics).toContain('DTEND:20261123T040000Z')
    expect(ics.toLowerCase()).toContain('mailto:a@demo.local')
  })
  it('cancel with the reason, without link or passcode', () => {
    const mail = writeMail(facts({ kind: 'cancelled', recipient: guest }, { cancelledReason: 'Bão số 9' }))
    expect(mail.icsMethod).toBe('CANCEL')
    expect(unfold(mail.ics)).toContain('METHOD:CANCEL')
    expect(unfold(mail.ics)).toContain('STATUS:CANCELLED')
    expect(mail.text).toContain('đã được huỷ')
    expect(mail.text).not.toContain('không còn trong thành phần')
    expect(mail.text).toContain('Bão số 9')
    expect(mail.text).not.toContain('/m/abc-defg-hjk')
    expect(mail.text).not.toContain('123456')
  })
  it('tell somebody who is no longer invited just that', () => {
    const mail = writeMail(facts({ kind: 'uninvited' }))
    expect(mail.icsMethod).toBe('CANCEL')
    expect(mail.subject).not.toContain('Huỷ')
    expect(mail.text).toContain('không còn trong thành phần')
    expect(mail.text).toContain('vẫn diễn ra')
    expect(mail.text).not.toContain('đã được huỷ')
    expect(mail.text).not.toContain('/m/abc-defg-hjk')
  })
  it('let no title break out of the header or into the HTML', () => {
    const mail = writeMail(facts({}, { title: 'A\r\nBcc: x@y.z <script>alert(1)</script>' }))
    expect(mail.subject).not.toMatch(/[\r\n]/)
    expect(mail.html).not.toContain('<script>')
  })
  it('speak English to those who chose it', () => {
    expect(writeMail(facts({ locale: 'en' })).subject).toBe('Invitation: Giao ban tháng 11')
  })
})
