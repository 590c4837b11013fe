import { describe, expect, it } from 'vitest'
import { VideoDepacketizer } from './frames.ts'
import { H264Format } from './h264-format.ts'
import { readSpsSize } from './h264-sps.ts'
import type { ArrivedPacket } from './reorder-buffer.ts'
import { Vp8Format, vp8DescriptorLength } from './vp8-format.ts'

let index = 0
const packet = (timestamp: number, marker: boolean, payload: number[], afterLoss = false): ArrivedPacket => ({
  payloadType: 96,
  marker,
  sequence: index & 0xffff,
  index: index++,
  timestamp,
  ssrc: 1,
  arrivedAtMs: timestamp / 90,
  afterLoss,
  payload: Buffer.from(payload),
})

/** First packet of a VP8 key frame of 640 × 360. */
const KEY = [0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 0xaa]
const DELTA = [0x10, 0x11, 0x02, 0x00, 0xbb]
const MORE = [0x00, 0xcc, 0xdd]

describe('VP8', () => {
  it('measures the payload descriptor with all its options (RFC 7741 §4.2)', () => {
    expect(vp8DescriptorLength(Buffer.from([0x10, 0]))).toBe(1)
    expect(vp8DescriptorLength(Buffer.from([0x90, 0x80, 0x05, 0]))).toBe(3)
    expect(vp8DescriptorLength(Buffer.from([0x90, 0x80, 0x85, 1, 0]))).toBe(4)
    expect(vp8DescriptorLength(Buffer.from([0x90, 0xf0, 0x85, 1, 2, 3, 0]))).toBe(6)
    expect(vp8DescriptorLength(Buffer.from([0x90, 0x80]))).toBe(-1)
    expect(vp8DescriptorLength(Buffer.from([]))).toBe(-1)
  })

  it('joins the packets of a frame and reads the size of a key frame', () => {
    const video = new VideoDepacketizer(new Vp8Format())
    expect(video.push(packet(0, false, KEY))).toEqual([])
    const [frame] = video.push(packet(0, true, MORE))
    expect(frame).toMatchObject({ isKey: true, size: { width: 640, height: 360 } })
    expect(frame!.data).toEqual(Buffer.from([...KEY.slice(1), ...MORE.slice(1)]))
  })

  it('begins with a key frame and ends a frame whose marker is missing at the next timestamp', () => {
    const video = new VideoDepacketizer(new Vp8Format())
    expect(video.push(packet(0, true, DELTA))).toEqual([])
    expect(video.needsKeyFrame).toBe(true)
    expect(video.push(packet(3000, false, KEY))).toEqual([])
    const frames = video.push(packet(6000, true, DELTA))
    expect(frames.map(frame => [frame.timestamp, frame.isKey])).toEqual([
      [3000, true],
      [6000, false],
    ])
  })

  it('leaves out all frames from a loss to the next key frame', () => {
    const video = new VideoDepacketizer(new Vp8Format())
    video.push(packet(0, true, KEY))
    expect(video.push(packet(3000, true, MORE, true))).toEqual([])
    expect(video.push(packet(6000, true, DELTA))).toEqual([])
    expect(video.needsKeyFrame).toBe(true)
    expect(video.push(packet(9000, true, KEY))).toHaveLength(1)
    expect(video.push(packet(12_000, true, DELTA))).toHaveLength(1)
  })

  it('leaves out a frame that lost its middle, and takes a key frame right after a loss', () => {
    const video = new VideoDepacketizer(new Vp8Format())
    video.push(packet(0, false, KEY))
    expect(video.push(packet(0, true, MORE, true))).toEqual([])
    expect(video.push(packet(3000, true, KEY, true))).toHaveLength(1)
    expect(video.needsKeyFrame).toBe(false)
  })
})

/** Constrained Baseline, 640 wide, and High 1920 × 1080 with cropping. */
const SPS_640 = Buffer.from('6742c01ed900a03d a1000003000100000300 3c0f16 2e48'.replace(/ /g, ''), 'hex')
const SPS_1080 = Buffer.from('67640028acd940780227e5c044000003000400000300f03c60c658', 'hex')
const PPS = Buffer.from('68cb83cb20', 'hex')
const IDR = Buffer.from('65888400aa', 'hex')

describe('H.264', () => {
  it('reads the picture size from the SPS', () => {
    expect(readSpsSize(SPS_640)).toMatchObject({ width: 640 })
    expect(readSpsSize(SPS_1080)).toEqual({ width: 1920, height: 1080 })
    expect(readSpsSize(SPS_1080.subarray(0, 6))).toBeNull()
  })

  it('takes parameter sets from a STAP-A and a picture from fragments', () => {
    const video = new VideoDepacketizer(new H264Format())
    const stap = [0x78, 0, SPS_1080.length, ...SPS_1080, 0, PPS.length, ...PPS]
    expect(video.push(packet(0, false, stap))).toEqual([])
    expect(video.push(packet(0, false, [0x7c, 0x85, 0x88, 0x84]))).toEqual([])
    const [frame] = video.push(packet(0, true, [0x7c, 0x45, 0x00, 0xaa]))
    expect(frame).toMatchObject({ isKey: true, size: { width: 1920, height: 1080 } })
    const unit = (nal: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, nal.length]), nal])
    expect(frame!.data).toEqual(Buffer.concat([unit(SPS_1080), unit(PPS), unit(IDR)]))
    expect(frame!.codecPrivate!.subarray(0, 6).toString('hex')).toBe('01640028ffe1')
  })

  it('keeps parameter sets that came by themselves for the pictures after them', () => {
    const video = new VideoDepacketizer(new H264Format())
    expect(video.push(packet(0, false, [...SPS_1080]))).toEqual([])
    expect(video.push(packet(0, true, [...PPS]))).toEqual([])
    expect(video.push(packet(3000, true, [...IDR]))).toHaveLength(1)
    expect(video.push(packet(6000, true, [0x41, 0x9a, 0x01]))).toMatchObject([{ isKey: false }])
  })

  it('leaves out a torn fragment', () => {
    const video = new VideoDepacketizer(new H264Format())
    expect(video.push(packet(0, true, [0x7c, 0x45, 0x00]))).toEqual([])
    expect(video.push(packet(3000, true, [0x7c, 0x85, 0x88]))).toEqual([])
    expect(video.needsKeyFrame).toBe(true)
  })
})

describe('how a picture is turned', () => {
  const ID = 8
  /** The same packet with the orientation as a browser writes it; undefined: without. */
  const turned = (value: number | undefined, from: ArrivedPacket): ArrivedPacket =>
    value === undefined
      ? from
      : { ...from, extension: { profile: 0xbede, data: Buffer.from([ID << 4, value, 0, 0]) } }
  const stap = [0x78, 0, SPS_1080.length, ...SPS_1080, 0, PPS.length, ...PPS]
  const codecs = [
    [
      'VP8',
      () => new Vp8Format(),
      (t: number) => packet(t, true, KEY),
      (t: number) => packet(t, true, DELTA),
    ],
    [
      'H.264',
      () => new H264Format(),
      (t: number) => packet(t, true, [...IDR]),
      (t: number) => packet(t, true, [0x41, 0x9a, 0x01]),
    ],
  ] as const
  it.each(codecs)(
    '%s: holds from the frame that says it on, also between key frames',
    (codec, format, key, delta) => {
      const video = new VideoDepacketizer(format(), ID)
      if (codec === 'H.264') video.push(packet(0, true, stap))
      const frames = [
        turned(0, key(3000)),
        delta(6000),
        turned(1, delta(9000)),
        delta(12_000),
        turned(2, delta(15_000)),
        // The bits before the last two are the camera and a flip, which nobody sends.
        turned(0b1111, key(18_000)),
        turned(0, delta(21_000)),
      ].flatMap(each => video.push(each))
      expect(frames.map(({ rotation }) => rotation)).toEqual([0, 0, 90, 90, 180, 270, 0])
    },
  )
  it('is told by any packet of the frame, by default the last one', () => {
    const video = new VideoDepacketizer(new Vp8Format(), ID)
    video.push(packet(0, false, KEY))
    expect(video.push(turned(3, packet(0, true, MORE)))).toMatchObject([{ rotation: 270 }])
  })
  it('is not read where it was not announced', () => {
    const video = new VideoDepacketizer(new Vp8Format())
    expect(video.push(turned(1, packet(0, true, KEY)))).toMatchObject([{ rotation: 0 }])
  })
})
