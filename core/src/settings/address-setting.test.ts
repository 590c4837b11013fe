import { describe, expect, it } from 'vitest'
import {
  addressFault,
  addressSetting,
  httpAddress,
  httpPageAddress,
  postgresAddress,
  smtpAddress,
  socketAddress,
} from './address-setting.ts'

const SECRET = 'pa55'

describe('addressFault', () => {
  it.each([
    ['smtp://mail.example.vn', smtpAddress],
    ['smtp://mail.example.vn:587', smtpAddress],
    ['SMTPS://user:p%23ss%40@mail.example.vn:465', smtpAddress],
    ['smtp://user%40example.vn:a!$&*()_+-=~;,.x@10.0.0.5:25', smtpAddress],
    ['smtp://user:pass@[2001:db8::5]:25?pool=true', smtpAddress],
    ['smtp://thư:mật-khẩu@mail', smtpAddress],
    ['postgresql://localhost/x', postgresAddress],
    ['postgres://u:p@db_1.example.vn:5432/diemcau?sslmode=require', postgresAddress],
    ['postgresql:///diemcau?host=/var/run/postgresql', postgresAddress],
    ['postgresql://u@%2Fvar%2Frun%2Fpostgresql/diemcau', postgresAddress],
    ['http://127.0.0.1:7880', httpAddress],
    ['https://media.example.vn/', httpAddress],
    ['https://portal.example.vn/api/webhooks/livekit?x=1', httpPageAddress],
    ['wss://media.example.vn/sfu', socketAddress],
  ])('takes %s', (text, rule) => expect(addressFault(text, rule)).toBeNull())

  it.each([
    // A reserved character in the password, in every place it can fall.
    `smtp://user:${SECRET}#x@mail.example.vn:587`,
    `smtp://user:12#${SECRET}@mail.example.vn:587`,
    `smtp://user:${SECRET}@mail.example.vn:587#x`,
    `smtp://user:${SECRET}/x@mail.example.vn`,
    `smtp://user:12/${SECRET}@mail.example.vn`,
    `smtp://user:${SECRET}?x@mail.example.vn`,
    `smtp://user:12?${SECRET}@mail.example.vn`,
    `smtp://user:${SECRET}@x@mail.example.vn`,
    `smtp://user@example.vn:${SECRET}@mail.example.vn`,
    `smtp://user:${SECRET}%zz@mail.example.vn`,
    `smtp://user:${SECRET}%@mail.example.vn`,
    `smtp://user:${SECRET}\\@mail.example.vn`,
    `smtp://user:${SECRET} x@mail.example.vn`,
    `smtp://user:${SECRET}\n@mail.example.vn`,
    ` smtp://user:${SECRET}@mail.example.vn`,
    // No host, or none that can exist.
    `smtp://user:${SECRET}@`,
    `smtp://user:${SECRET}@:587`,
    `smtp://user:${SECRET}@mail..example.vn`,
    `smtp://user:${SECRET}@-mail`,
    `smtp://user:${SECRET}@mail:99999`,
    `smtp://user:${SECRET}@mail:0`,
    `smtp://user:${SECRET}@mail,other`,
    `smtp://user:${SECRET}@mail:smtp`,
    `smtp://user:${SECRET}@[::1`,
    // Another scheme, or none.
    `http://user:${SECRET}@mail`,
    `smtp:user:${SECRET}@mail`,
    `smtp:/user:${SECRET}@mail`,
    `user:${SECRET}@mail:587`,
    `mail.${SECRET}.vn`,
    '',
  ])('refuses %j, and tells nothing of it', text => {
    const fault = addressFault(text, smtpAddress)
    expect(fault).toMatch(/smtp:\/\/|%23|1 to 65535/)
    expect(fault).not.toContain(SECRET)
    const parsed = addressSetting(smtpAddress).safeParse(text)
    expect(JSON.stringify(parsed.error?.issues)).not.toContain(SECRET)
  })

  it.each([
    ['http://user:pa55@host', httpAddress],
    ['http://pa55@host', httpAddress],
    ['https://host/path', httpAddress],
    ['https://host?x', httpAddress],
    ['https://user:pa55@host/hook', httpPageAddress],
    ['wss://host/sfu?token=pa55', socketAddress],
    ['https://host', socketAddress],
    ['postgresql://', postgresAddress],
    ['postgresql:///diemcau', postgresAddress],
    ['postgresql://u:pa55#x@host/db', postgresAddress],
    ['postgresql://u:pa55@h1,h2/db', postgresAddress],
    ['mysql://u:pa55@host/db', postgresAddress],
  ])('refuses %s', (text, rule) => {
    expect(addressFault(text, rule)).not.toBeNull()
    expect(addressFault(text, rule)).not.toContain(SECRET)
  })
})
