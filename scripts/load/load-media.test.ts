import { expect, it } from 'vitest'
import { framesOfIvf, framesOfOgg } from './load-media.ts'

it('takes the frames out of an IVF file', () => {
  const frame = (text: string) => {
    const head = Buffer.alloc(12)
    head.writeUInt32LE(text.length)
    return Buffer.concat([head, Buffer.from(text)])
  }
  const file = Buffer.concat([Buffer.alloc(32), frame('key'), frame(''), frame('next')])
  expect(framesOfIvf(file).map(String)).toEqual(['key', 'next'])
})

it('takes the packets out of an Ogg file, over lacing and pages, without headers and without packets of several frames', () => {
  const page = (sizes: number[], body: Buffer) => {
    const head = Buffer.alloc(27)
    head.write('OggS')
    head[26] = sizes.length
    return Buffer.concat([head, Buffer.from(sizes), body])
  }
  const long = Buffer.alloc(300, 4)
  const file = Buffer.concat([
    page([8], Buffer.from('OpusHead')),
    page([8], Buffer.from('OpusTags')),
    page([2, 3, 255], Buffer.concat([Buffer.from([8, 1]), Buffer.from([9, 1, 1]), long.subarray(0, 255)])),
    page([45], long.subarray(255)),
  ])
  expect(framesOfOgg(file)).toEqual([Buffer.from([8, 1]), long])
})
