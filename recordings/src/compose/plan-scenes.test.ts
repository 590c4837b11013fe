import { describe, expect, it } from 'vitest'
import { fixtureManifest, fixtureSegment, fixtureTrack } from '../../test/manifest-fixture.ts'
import { PICTURE } from './layouts.ts'
import { planScenes, type Scene, totalFrames } from './plan-scenes.ts'

/** Checks what holds of every plan, and returns it. */
function plan(...args: Parameters<typeof planScenes>): Scene[] {
  const scenes = planScenes(...args)
  let next = 0
  for (const { firstFrame, frames, tiles } of scenes) {
    expect(firstFrame).toBe(next)
    expect(frames).toBeGreaterThan(0)
    next += frames
    for (const { rect } of tiles) {
      expect(rect.x + rect.width).toBeLessThanOrEqual(PICTURE.width)
      expect(rect.y + rect.height).toBeLessThanOrEqual(PICTURE.height)
      for (const value of Object.values(rect)) expect(value % 2).toBe(0)
    }
  }
  expect(next).toBe(totalFrames(args[0].lengthMs))
  return scenes
}

const who = (scene: Scene | undefined) => scene?.tiles.map(({ trackId }) => trackId)

describe('planScenes', () => {
  it('shows one camera over the whole picture with its name', () => {
    const [scene, ...others] = plan(fixtureManifest(10_000, [fixtureTrack('A', 'camera', 0, 10_000)]))
    expect(others).toEqual([])
    expect(scene).toMatchObject({ firstFrame: 0, frames: 250 })
    expect(scene!.tiles).toEqual([
      {
        rect: { x: 0, y: 0, width: 1280, height: 720 },
        name: 'name of PA_A',
        trackId: 'TR_A_camera',
        fit: 'cover',
        rotation: 0,
      },
    ])
  })

  it('has the recorded length to the frame, also when there is nothing to be seen', () => {
    expect(plan(fixtureManifest(1234, []))).toEqual([{ firstFrame: 0, frames: 31, tiles: [] }])
    expect(totalFrames(0)).toBe(1)
  })

  it('turns to whoever speaks and keeps the others in the strip', () => {
    const cameras = ['A', 'B', 'C'].map(name => fixtureTrack(name, 'camera', 0, 20_000))
    const speakers = [
      { atMs: 0, participantIds: ['PA_A'] },
      { atMs: 10_000, participantIds: ['PA_C', 'PA_A'] },
    ]
    const scenes = plan(fixtureManifest(20_000, cameras, { speakers }))
    expect(scenes.map(scene => [scene.firstFrame, ...who(scene)!])).toEqual([
      [0, 'TR_A_camera', 'TR_B_camera', 'TR_C_camera'],
      [250, 'TR_C_camera', 'TR_A_camera', 'TR_B_camera'],
    ])
  })

  it('gives a speaker without a camera their name in the large place', () => {
    const tracks = [fixtureTrack('A', 'camera', 0, 10_000), fixtureTrack('B', 'microphone', 0, 10_000)]
    const [scene] = plan(
      fixtureManifest(10_000, tracks, { speakers: [{ atMs: 0, participantIds: ['PA_B'] }] }),
    )
    expect(scene!.tiles.map(({ trackId, name }) => [trackId, name])).toEqual([
      [null, 'name of PA_B'],
      ['TR_A_camera', 'name of PA_A'],
    ])
  })

  it.each(['speaker', 'grid'] as const)('shows a shared screen large and whole in the layout %s', layout => {
    const tracks = [fixtureTrack('A', 'camera', 0, 10_000), fixtureTrack('A', 'screen_share', 4000, 6000)]
    const manifest = fixtureManifest(10_000, tracks, { layouts: [{ atMs: 0, layout }] })
    manifest.tracks[1]!.published = [{ fromMs: 4000, toMs: 8000 }]
    const scenes = plan(manifest)
    // The screen stood still after two seconds, and is shown until it is no longer shared.
    expect(scenes.map(scene => [scene.firstFrame, ...who(scene)!])).toEqual([
      [0, 'TR_A_camera'],
      [100, 'TR_A_screen_share', 'TR_A_camera'],
      [200, 'TR_A_camera'],
    ])
    expect(scenes[1]!.tiles[0]!.fit).toBe('contain')
  })

  it('shows the name instead of a camera that is muted or sends nothing', () => {
    const muted = fixtureTrack('A', 'camera', 0, 10_000, { muted: [{ fromMs: 2000, toMs: 4000 }] })
    expect(plan(fixtureManifest(10_000, [muted])).map(who)).toEqual([
      ['TR_A_camera'],
      [null],
      ['TR_A_camera'],
    ])
    const stalled = fixtureTrack('A', 'camera', 0, 10_000, {
      segments: [fixtureSegment(0, 2000), fixtureSegment(7000, 10_000)],
    })
    expect(plan(fixtureManifest(10_000, [stalled])).map(scene => scene.firstFrame)).toEqual([0, 53, 175])
  })

  it('begins a new scene when the size of a picture changes, and only then', () => {
    const track = fixtureTrack('A', 'camera', 0, 30_000, {
      segments: [
        fixtureSegment(0, 9990),
        fixtureSegment(10_000, 19_990),
        fixtureSegment(20_000, 30_000, 320, 180),
      ],
    })
    expect(plan(fixtureManifest(30_000, [track])).map(({ firstFrame }) => firstFrame)).toEqual([0, 500])
  })

  it('shows the picture of a telephone held upright whole', () => {
    const track = fixtureTrack('A', 'camera', 0, 1000, { segments: [fixtureSegment(0, 1000, 360, 640)] })
    expect(plan(fixtureManifest(1000, [track]))[0]!.tiles[0]!.fit).toBe('contain')
  })

  it('turns a telephone as it was held at each moment', () => {
    const turns = [
      { fromMs: 2000, rotation: 90 as const },
      { fromMs: 6000, rotation: 0 as const },
      { fromMs: 8000, rotation: 270 as const },
    ]
    const track = fixtureTrack('A', 'camera', 0, 20_000, {
      segments: [
        fixtureSegment(0, 9990, 640, 360, turns),
        // The next file begins as the one before it ended: that is no new scene.
        fixtureSegment(10_000, 20_000, 640, 360, [{ fromMs: 10_000, rotation: 270 }]),
      ],
    })
    const scenes = plan(fixtureManifest(20_000, [track]))
    expect(scenes.map(({ firstFrame, tiles }) => [firstFrame, tiles[0]!.rotation, tiles[0]!.fit])).toEqual([
      [0, 0, 'cover'],
      [50, 90, 'contain'],
      [150, 0, 'cover'],
      [200, 270, 'contain'],
    ])
  })

  it('fills its tile with a picture that is coded upright and turned to lie', () => {
    const lying = fixtureSegment(0, 1000, 360, 640, [{ fromMs: 0, rotation: 90 }])
    const track = fixtureTrack('A', 'camera', 0, 1000, { segments: [lying] })
    expect(plan(fixtureManifest(1000, [track]))[0]!.tiles[0]).toMatchObject({ fit: 'cover', rotation: 90 })
  })

  it('cuts long scenes, so that an interruption costs little', () => {
    const scenes = plan(fixtureManifest(150_000, [fixtureTrack('A', 'camera', 0, 150_000)]))
    expect(scenes.map(({ frames }) => frames)).toEqual([1500, 1500, 750])
  })

  it('shows at most sixteen in the gallery, and whoever speaks among them', () => {
    const cameras = Array.from({ length: 20 }, (_, n) => fixtureTrack(`P${n}`, 'camera', 0, 5000))
    const [scene] = plan(
      fixtureManifest(5000, cameras, {
        layouts: [{ atMs: 0, layout: 'grid' }],
        speakers: [{ atMs: 0, participantIds: ['PA_P19'] }],
      }),
    )
    expect(scene!.tiles).toHaveLength(16)
    expect(who(scene)).toContain('TR_P19_camera')
    const places = new Set(scene!.tiles.map(({ rect }) => `${rect.x},${rect.y}`))
    expect(places.size).toBe(16)
  })

  it('changes the layout when it was changed', () => {
    const cameras = ['A', 'B'].map(name => fixtureTrack(name, 'camera', 0, 10_000))
    const layouts = [
      { atMs: 0, layout: 'speaker' as const },
      { atMs: 6000, layout: 'grid' as const },
    ]
    const scenes = plan(fixtureManifest(10_000, cameras, { layouts }))
    expect(scenes.map(({ firstFrame }) => firstFrame)).toEqual([0, 150])
    expect(scenes[1]!.tiles[0]!.rect.width).toBe(scenes[1]!.tiles[1]!.rect.width)
  })
})

describe('short arrangements', () => {
  it('do not flicker: what was before stays', () => {
    const tracks = [fixtureTrack('A', 'camera', 0, 10_000), fixtureTrack('B', 'camera', 5000, 5200)]
    expect(plan(fixtureManifest(10_000, tracks)).map(({ firstFrame }) => firstFrame)).toEqual([0])
  })
})

describe('names in the picture', () => {
  it.each([
    ['a right-to-left override', 'Xã \u202ehniB naÔ\u202c', 'Xã hniB naÔ'],
    ['a line break', 'Ông An\r\nChủ tịch\u2028tỉnh', 'Ông An Chủ tịch tỉnh'],
    ['a tower of marks', `A${'\u0316'.repeat(300)}n`, `A${'\u0316'.repeat(4)}n`],
    ['nothing that can be seen', '\u200b\u2066\u2069', ''],
  ])('with %s are drawn as one plain line, with a camera and without', (_, name, drawn) => {
    const tracks = [fixtureTrack('A', 'camera', 0, 5000), fixtureTrack('B', 'microphone', 0, 5000)]
    const participants = ['PA_A', 'PA_B'].map(id => ({ participantId: id, identity: id, name }))
    const speakers = [{ atMs: 0, participantIds: ['PA_B'] }]
    const [scene] = plan(fixtureManifest(5000, tracks, { participants, speakers }))
    expect(scene!.tiles.map(tile => [tile.trackId, tile.name])).toEqual([
      [null, drawn],
      ['TR_A_camera', drawn],
    ])
  })
})
