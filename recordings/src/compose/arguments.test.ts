import { describe, expect, it } from 'vitest'
import { audioArguments } from './audio-arguments.ts'
import { gridRects, largeRect, stripRect } from './layouts.ts'
import type { Scene } from './plan-scenes.ts'
import { labelText, sceneArguments } from './scene-arguments.ts'

const scene: Scene = {
  firstFrame: 50,
  frames: 75,
  tiles: [
    { rect: largeRect(true), name: 'Chủ toạ', trackId: 'TR_1', fit: 'contain' },
    { rect: stripRect(0), name: 'Hội trường', trackId: null, fit: 'cover' },
  ],
}
const inputs = {
  files: ['a.mkv', null],
  texts: ['0.txt', '1.txt'],
  font: 'font.ttf',
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
    expect(args.filter(arg => arg === '-i')).toHaveLength(1)
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

  it('never puts a name into the command itself', () => {
    expect(sceneArguments(scene, inputs).join(' ')).not.toContain('Chủ toạ')
    expect(after(sceneArguments(scene, inputs), '-filter_complex')).toContain('textfile=0.txt:expansion=none')
  })
})

describe('labelText', () => {
  it('shortens a name to its tile and keeps Vietnamese letters whole', () => {
    const tile = scene.tiles[1]!
    expect(labelText(tile)).toBe('Hội trường')
    const long = labelText({
      ...tile,
      name: 'Điểm cầu xã Văn Lăng – Uỷ ban nhân dân huyện Đồng Hỷ'.normalize('NFD'),
    })
    expect(long.endsWith('…')).toBe(true)
    expect(long.startsWith('Điểm cầu')).toBe(true)
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
