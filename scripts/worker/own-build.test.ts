import { describe, expect, it } from 'vitest'
import { sourceLine } from './libsrtp.mjs'
import { correctDtlsTransport, mesonList, ninjaFile } from './ninja-plan.mjs'
import { progressLines } from './own-build.mjs'

const wrongLine =
  '\tconst long resultOfcallback = (operationType == BIO_CB_RETURN) ? static_cast<long>(ret) : 1;\n'

describe('the correction of DtlsTransport.cpp', () => {
  it('turns the comparison into a mask and changes nothing else', () => {
    const before = `first\n${wrongLine}last\n`
    expect(correctDtlsTransport(before)).toBe(before.replace('== BIO_CB_RETURN', '& BIO_CB_RETURN'))
  })

  it('refuses a source without the line, for then somebody has to look', () => {
    expect(() => correctDtlsTransport('nothing of the kind')).toThrow(/0 lines to correct, expected one/)
  })

  it('refuses a source that has the line twice', () => {
    expect(() => correctDtlsTransport(wrongLine + wrongLine)).toThrow(/2 lines to correct/)
  })
})

const mesonText = `common_sources = [
  'src/lib.cpp',
  'src/RTC/DtlsTransport.cpp', # a comment
]
if not get_option('ms_use_builtin_bwe')
  common_sources += [
    'src/DepLibWebRTC.cpp',
  ]
endif
test_sources = [
  'test/x.cpp',
]
`

describe('the ninja file', () => {
  const input = {
    workerDir: '/checkout/with space/worker',
    includeDir: '/ours',
    srtpDir: '/srtp',
    correctedDtls: '/build/DtlsTransport.cpp',
    mesonText,
    libwebrtcMesonText: "libwebrtc_sources = [\n  'libwebrtc/a.cc',\n]\n",
    schemas: ['/checkout/with space/worker/fbs/common.fbs'],
  }

  it('compiles what mediasoup lists, the corrected file in place of its own', () => {
    const text = ninjaFile(input)
    const compiled = text.split('\n').filter(line => line.includes(': cxx '))
    expect(compiled.map(line => /: cxx (.*) \|\|/.exec(line)?.[1])).toEqual([
      '/checkout/with$ space/worker/src/lib.cpp',
      '/build/DtlsTransport.cpp',
      '/checkout/with$ space/worker/src/DepLibWebRTC.cpp',
      '/checkout/with$ space/worker/src/main.cpp',
      '/checkout/with$ space/worker/deps/libwebrtc/libwebrtc/a.cc',
    ])
    expect(text).not.toContain('test/x.cpp')
  })

  it('generates the headers before anything that includes them', () => {
    const text = ninjaFile(input)
    expect(text).toContain('build FBS/common.h: flatc /checkout/with$ space/worker/fbs/common.fbs')
    for (const line of text.split('\n').filter(line => line.includes(': cxx ')))
      expect(line).toMatch(/\|\| FBS\/common\.h$/)
  })

  it('fails when mediasoup no longer lists the file to correct', () => {
    const without = mesonText.replace("  'src/RTC/DtlsTransport.cpp', # a comment\n", '')
    expect(() => ninjaFile({ ...input, mesonText: without })).toThrow(/does not list/)
  })

  it('fails when a list is gone or does not end', () => {
    expect(() => mesonList(mesonText, /^renamed = \[/)).toThrow(/0 lines/)
    expect(() => mesonList("x = [\n  'a',\n", /^x = \[/)).toThrow(/does not end/)
  })
})

describe('the deb-src line', () => {
  const rows = [
    'http://mirror.example/debian/|bookworm|main|Debian|$(SIGNED_BY)',
    'http://mirror.example/debian/|bookworm-updates|main|Debian|$(SIGNED_BY)',
    'http://mirror.example/security/|bookworm-security|main|Debian|$(SIGNED_BY)',
    'https://other.example/|nodistro|main|Somebody|/key.gpg',
  ]

  it('names the mirror that apt already uses, and the plain release', () => {
    expect(sourceLine(rows.toReversed().join('\n'), () => true)).toBe(
      'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian/ bookworm main',
    )
  })

  it('keeps the key that the system names for the archive', () => {
    expect(sourceLine('http://m/|bookworm|main|Debian|/k.gpg', () => true)).toBe(
      'deb-src [signed-by=/k.gpg] http://m/ bookworm main',
    )
  })

  it('is undefined where apt knows no such archive', () => {
    expect(sourceLine(rows[3] ?? '')).toBeUndefined()
    expect(sourceLine('')).toBeUndefined()
  })
})

describe('progress while compiling', () => {
  it('shows at most one line a second, and the last', () => {
    const shown: string[] = []
    let now = 0
    const take = progressLines(
      line => shown.push(line),
      () => now,
    )
    for (const [at, line] of [
      [0, '[1/4] /long/path/a.cpp'],
      [400, '[2/4] /long/path/b.cpp'],
      [1100, '[3/4] /long/path/c.cpp'],
      [1200, 'warning: something else'],
      [1300, '[4/4] link'],
    ] as const) {
      now = at
      take(line)
    }
    expect(shown).toEqual(['[1/4] a.cpp', '[3/4] c.cpp', '[4/4] link'])
  })
})
