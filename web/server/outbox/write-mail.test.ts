import { describe, expect, it } from 'vitest'
import { type MailFacts, writeMail } from './write-mail.ts'

const facts = (over: Partial<MailFacts> = {}, meeting: Partial<MailFacts['meeting']> = {}): MailFacts => ({
  kind: 'invited',
  locale: 'vi',
  timeZone: 'Asia/Ho_Chi_Minh',
  recipient: { name: 'Nguyễn Văn A', email: 'a@demo.local', isGuest: false },
  organizer: { name: 'Điểm Cầu', email: 'no-reply@diemcau.local' },
  joinUrl: 'http://localhost:3000/m/abc-defg-hjk',
  meeting: {
    id: 'MT_1',
    title: 'Giao ban tháng 11',
    startsAt: new Date('2026-11-23T00:30:00Z'),
    endsAt: new Date('2026-11-23T04:00:00Z'),
    agenda: '1. Khai mạc\n2. Thảo luận',
    recorded: true,
    passcode: '123456',
    icsSequence: 2,
    cancelledReason: null,
    ...meeting,
  },
  ...over,
})
/** Calendar lines folded at 75 octets (RFC 5545 §3.1) joined again. */
const unfold = (ics: string): string => ics.replaceAll(/\r?\n[ \t]/g, '')

describe('mails about a meeting', () => {
  it('invites with the local time, the link and the notice of recording', () => {
    const mail = writeMail(facts())
    expect(mail.subject).toBe('Giấy mời: Giao ban tháng 11')
    expect(mail.text).toContain('07:30')
    expect(mail.text).toContain('http://localhost:3000/m/abc-defg-hjk')
    expect(mail.text).toContain('Cuộc họp này được ghi hình.')
    expect(mail.html).toContain('1. Khai mạc<br>2. Thảo luận')
  })
  it('tells the passcode to guests only', () => {
    expect(writeMail(facts()).text).not.toContain('123456')
    const guest = { name: 'khach@x.vn', email: 'khach@x.vn', isGuest: true }
    expect(writeMail(facts({ recipient: guest })).text).toContain('123456')
  })
  it('carries a calendar request with a lasting UID', () => {
    const ics = unfold(writeMail(facts()).ics)
    expect(ics).toContain('METHOD:REQUEST')
    expect(ics).toContain('UID:MT_1@diemcau')
    expect(ics).toContain('SEQUENCE:2')
    expect(ics).toContain('DTSTART:20261123T003000Z')
    expect(ics).toContain('DTEND:20261123T040000Z')
    expect(ics.toLowerCase()).toContain('mailto:a@demo.local')
  })
  it('cancels with the reason, without link or passcode', () => {
    const mail = writeMail(facts({ kind: 'cancelled' }, { cancelledReason: 'Bão số 9' }))
    expect(mail.icsMethod).toBe('CANCEL')
    expect(unfold(mail.ics)).toContain('METHOD:CANCEL')
    expect(unfold(mail.ics)).toContain('STATUS:CANCELLED')
    expect(mail.text).toContain('Bão số 9')
    expect(mail.text).not.toContain('/m/abc-defg-hjk')
  })
  it('lets no title break out of the header or into the HTML', () => {
    const mail = writeMail(facts({}, { title: 'A\r\nBcc: x@y.z <script>alert(1)</script>' }))
    expect(mail.subject).not.toMatch(/[\r\n]/)
    expect(mail.html).not.toContain('<script>')
  })
  it('speaks English to those who chose it', () => {
    expect(writeMail(facts({ locale: 'en' })).subject).toBe('Invitation: Giao ban tháng 11')
  })
})
