import { describe, expect, it } from 'vitest'
import { mailboxText, normalAddress, readAddresses } from './addresses.ts'

const emails = (text: string): string[] => readAddresses(text).mailboxes.map(one => one.email)

describe('addresses as people paste them', () => {
  it('reads what a mail program copies: names, quotes, commas inside names, line breaks', () => {
    expect(
      readAddresses(
        'Nguyễn Văn A <a@xa.vn>; "Trần, Thị B" <b@xa.vn>,\r\n<c@xa.vn>\n\tLê D <d@xa.vn> Phạm E <e@xa.vn>;;',
      ),
    ).toEqual({
      mailboxes: [
        { email: 'a@xa.vn', name: 'Nguyễn Văn A' },
        { email: 'b@xa.vn', name: 'Trần, Thị B' },
        { email: 'c@xa.vn', name: '' },
        { email: 'd@xa.vn', name: 'Lê D' },
        { email: 'e@xa.vn', name: 'Phạm E' },
      ],
      wrong: [],
    })
  })

  it.each([
    ['a@b.vn, c@d.vn\nA@b.vn ;', ['a@b.vn', 'c@d.vn']],
    ['a@b.vn c@d.vn\te@f.vn', ['a@b.vn', 'c@d.vn', 'e@f.vn']],
    ['Nguyễn A\ta@x.vn\nTrần B\tb@x.vn', ['a@x.vn', 'b@x.vn']],
    ['Nguyễn Văn\n  <a@x.vn>', ['a@x.vn']],
    ['a@x.vn (Nguyễn, A)', ['a@x.vn']],
    ['mailto:a@x.vn', ['a@x.vn']],
    ['"Ngoặc \\" kép; <x>" <a@x.vn>, b@x.vn', ['a@x.vn', 'b@x.vn']],
    ['lien-he+hop@xa.gov.vn', ['lien-he+hop@xa.gov.vn']],
    ['', []],
  ])('%j', (text, expected) => {
    expect(readAddresses(text)).toMatchObject({ wrong: [] })
    expect(emails(text)).toEqual(expected)
  })

  it('names what is no address and keeps the others', () => {
    expect(readAddresses('a@xa.vn; không phải; b@; @c.vn; Ông D <d@@xa.vn>, e@xa.vn, f@xa')).toEqual({
      mailboxes: [
        { email: 'a@xa.vn', name: '' },
        { email: 'e@xa.vn', name: '' },
      ],
      wrong: ['không phải', 'b@', '@c.vn', 'Ông D <d@@xa.vn>', 'f@xa'],
    })
  })

  it('takes each address once, composed or not, with its name', () => {
    expect(readAddresses('A@xa.vn, Tên <a@XA.vn>').mailboxes).toEqual([{ email: 'a@xa.vn', name: 'Tên' }])
    const domain = 'a@tỉnh.vn'
    expect(emails(`${domain.normalize('NFC')}, ${domain.normalize('NFD')}`)).toEqual(['a@xn--tnh-dlz.vn'])
  })

  it('leaves no line break or invisible character in a name', () => {
    expect(readAddresses('"A\u202e\u200bB\tC" <a@x.vn>').mailboxes).toEqual([
      { email: 'a@x.vn', name: 'AB C' },
    ])
  })

  it('writes an entry so that it is read again as the same', () => {
    for (const mailbox of [
      { email: 'a@x.vn', name: 'Trần, "B" \\ C' },
      { email: 'a@x.vn', name: '' },
    ])
      expect(readAddresses(mailboxText(mailbox)).mailboxes).toEqual([mailbox])
  })

  it.each(['a@b', 'a b@c.vn', 'a@b.vn/x', 'ă@b.vn', 'a@b..vn', `${'a'.repeat(300)}@b.vn`])(
    'refuses %s',
    text => expect(normalAddress(text)).toBeNull(),
  )
})
