import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { describe, expect, it } from 'vitest'
import { audioArguments } from './audio-arguments.ts'
import { gridRects, largeRect, stripRect } from './layouts.ts'
import type { Scene } from './plan-scenes.ts'
import { sceneArguments } from './scene-arguments.ts'

const scene: Scene = {
  firstFrame: 50,
  frames: 75,
  tiles: [
    { rect: largeRect(true), name: 'Chủ toạ', trackId: 'TR_1', fit: 'contain', rotation: 0 },
    { rect: stripRect(0), name: 'Hội trường', trackId: null, fit: 'cover', rotation: 0 },
  ],
}
const inputs = {
  files: ['a.mkv', null],
  labels: 'labels.png',
  output: 'out.h264',
  threads: 2,
}
const after = (args: string[], name: string) => args[args.indexOf(name) + 1]!

describe('sceneArguments', () => {
  it('moves the time of the recording to the beginning of the scene and counts its frames', () => {
    const args = sceneArguments(scene, inputs)
    expect(after(args, '-filter_complex')).toContain('[0:v]setpts=PTS-2/TB,fps=25:start_time=0,')
    expect(after(args, '-filter_complex')).toContain('d=3,')
    expect(after(args, '-frames:v')).toBe('75')
    expect(args.filter(arg => arg === '-i')).toHaveLength(2)
  })

  it('turns a picture clockwise before it is fitted', () => {
    const graphOf = (rotation: Rotation) =>
      after(
        sceneArguments(
          { ...scene, tiles: [{ ...scene.tiles[0]!, rotation }] },
          { ...inputs, files: ['a.mkv'] },
        ),
        '-filter_complex',
      )
    expect(graphOf(0)).toContain(':start_time=0,scale=')
    expect(graphOf(90)).toContain(':start_time=0,transpose=clock,scale=')
    expect(graphOf(180)).toContain(':start_time=0,hflip,vflip,scale=')
    expect(graphOf(270)).toContain(':start_time=0,transpose=cclock,scale=')
  })

  it('shows a screen whole, fills other tiles, and draws a box where there is no picture', () => {
    const graph = after(sceneArguments(scene, inputs), '-filter_complex')
    expect(graph).toContain('force_original_aspect_ratio=decrease')
    expect(graph).toContain('drawbox=x=1024:y=0:w=256:h=144')
    const covering = { ...scene, tiles: scene.tiles.map(tile => ({ ...tile, fit: 'cover' as const })) }
    expect(after(sceneArguments(covering, inputs), '-filter_complex')).toContain(
      'increase:flags=bilinear,crop=1024:576',
    )
  })

  it('lays the painted names over all pictures, and no name into the arguments', () => {
    const args = sceneArguments(scene, inputs)
    expect(args.filter((_, n) => args[n - 1] === '-i')).toEqual(['a.mkv', 'labels.png'])
    expect(after(args, '-filter_complex')).toMatch(/;\[p1\]\[1:v\]overlay=x=0:y=0:format=yuv420\[out\]$/)
    expect(args.join(' ')).not.toContain('Chủ toạ')
    const bare = sceneArguments(scene, { ...inputs, labels: null })
    expect(bare.filter(arg => arg === '-i')).toHaveLength(1)
    expect(after(bare, '-filter_complex')).toMatch(/;\[p1\]null\[out\]$/)
  })
})

describe('audioArguments', () => {
  it('mixes every file at full level over exactly the recorded time', () => {
    const graph = after(
      audioArguments({ files: ['a', 'b'], lengthMs: 61_240, output: 'x' }),
      '-filter_complex',
    )
    expect(graph).toContain('atrim=0:61.240[silence]')
    expect(graph).toContain('[silence][a0][a1]amix=inputs=3:duration=first')
    expect(graph).toContain('normalize=0')
  })

  it('makes silence of a recording without sound', () => {
    expect(after(audioArguments({ files: [], lengthMs: 1000, output: 'x' }), '-filter_complex')).toContain(
      'amix=inputs=1',
    )
  })
})

describe('gridRects', () => {
  it.each([2, 3, 4, 5, 7, 9, 12, 16])('places %i tiles without overlap', count => {
    const rects = gridRects(count)
    expect(rects).toHaveLength(count)
    for (const [i, a] of rects.entries())
      for (const b of rects.slice(i + 1))
        expect(
          a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
        ).toBe(true)
  })
})
