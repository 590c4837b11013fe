import fc from 'fast-check'

/** Tracks of its own, of the honest participant, or that nobody has. */
export type Whose = 'own' | 'honest' | 'nobody'
export type Scenario = (typeof HARMLESS)[number] | (typeof LOSING)[number] | (typeof ENDING)[number]

/**
 * One thing a visitor does on its signal socket, legal or not. `at` chooses among what there is. Who `isPatient` first waits for
 * the answers to all it has asked.
 */
export type Step =
  | { do: 'addTrack'; kind: 'AUDIO' | 'VIDEO' | 'DATA'; cid: number; source: number }
  | { do: 'addCodec'; at: number }
  | { do: 'offer'; cids: number[]; isStopped: boolean; ufrag: number }
  | { do: 'answer'; id: number }
  | { do: 'trickle'; candidate: '' | 'json' | 'text' }
  | { do: 'mute'; at: number; isMuted: boolean; whose: Whose }
  | { do: 'change'; what: 'layers' | 'audio' | 'video'; at: number; whose: Whose; size: number; many: number }
  | { do: 'subscribe'; wanted: boolean; whose: Whose; times: number; by: 'sids' | 'participants' | 'both' }
  | { do: 'settings'; whose: Whose; quality: number; isDisabled: boolean; fps: number }
  | { do: 'permission'; isAll: boolean; entries: number; isForNobody: boolean }
  | { do: 'metadata'; bytes: number; hasId: boolean }
  | { do: 'syncState'; whose: Whose }
  | { do: 'publishData'; handle: number; name: string }
  | { do: 'unpublishData'; handle: number }
  | { do: 'subscribeData'; wanted: boolean; whose: 'own' | 'others' | 'nobody'; times: number; fps: number }
  | { do: 'storeBlob'; key: BlobKey; bytes: number }
  | { do: 'getBlob'; key: BlobKey; whose: Whose }
  | { do: 'simulate'; scenario: Scenario; value: number }
  | { do: 'drop'; isPatient: boolean }
  | { do: 'resume'; as: 'self' | 'honest-an' | 'nobody'; isPatient: boolean }
  | { do: 'joinAgain'; isPatient: boolean }
  | { do: 'leave'; isPatient: boolean }
/** The first two are keys, the others no such thing. */
export type BlobKey = 'a' | 'b' | 'empty' | 'long' | 'none'

const HARMLESS = ['speakerUpdate', 'subscriberBandwidth', 'switchCandidateProtocol', 'unknown'] as const
const LOSING = ['disconnectSignalOnResume', 'disconnectSignalOnResumeNoMessages'] as const
/** After these the visitor is out. */
export const ENDING = ['serverLeave', 'leaveRequestFullReconnect', 'nodeFailure', 'migration'] as const

const whose = fc.constantFrom<Whose>('own', 'honest', 'nobody')
const small = fc.nat({ max: 3 })
const handle = fc.constantFrom(0, 1, 1, 2, 2, 3, 70_000)
const blobKey = fc.constantFrom<BlobKey>('a', 'b', 'empty', 'long', 'none')
/** Any number a 32-bit field may hold. */
const anyNumber = fc.oneof(small, fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const isPatient = fc.boolean()
/** The ways back in: who is out does nothing that counts. */
const often = <T>(arbitrary: fc.Arbitrary<T>) => ({ weight: 3, arbitrary })
const a = <Name extends string>(name: Name) => fc.constant(name)

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: a('addTrack'),
    kind: fc.constantFrom('AUDIO' as const, 'VIDEO' as const, 'DATA' as const),
    cid: small,
    source: fc.integer({ min: 0, max: 5 }),
  }),
  fc.record({ do: a('addCodec'), at: small }),
  fc.record({
    do: a('offer'),
    cids: fc.array(small, { maxLength: 3 }),
    isStopped: fc.boolean(),
    ufrag: fc.nat({ max: 1 }),
  }),
  fc.record({ do: a('answer'), id: fc.nat({ max: 4 }) }),
  fc.record({ do: a('trickle'), candidate: fc.constantFrom('' as const, 'json' as const, 'text' as const) }),
  fc.record({ do: a('mute'), at: small, isMuted: fc.boolean(), whose }),
  fc.record({
    do: a('change'),
    what: fc.constantFrom('layers' as const, 'audio' as const, 'video' as const),
    at: small,
    whose,
    size: anyNumber,
    many: fc.constantFrom(0, 1, 100),
  }),
  fc.record({
    do: a('subscribe'),
    wanted: fc.boolean(),
    whose,
    times: fc.constantFrom(1, 2, 50),
    by: fc.constantFrom('sids' as const, 'participants' as const, 'both' as const),
  }),
  fc.record({
    do: a('settings'),
    whose,
    quality: fc.integer({ min: 0, max: 5 }),
    isDisabled: fc.boolean(),
    fps: fc.nat(),
  }),
  fc.record({
    do: a('permission'),
    isAll: fc.boolean(),
    entries: fc.constantFrom(0, 1, 500, 5_001),
    isForNobody: fc.boolean(),
  }),
  fc.record({ do: a('metadata'), bytes: fc.constantFrom(0, 10, 70_000), hasId: fc.boolean() }),
  fc.record({ do: a('syncState'), whose }),
  fc.record({ do: a('publishData'), handle, name: fc.constantFrom('', 'p', 'q', 'r', 'n'.repeat(300)) }),
  fc.record({ do: a('unpublishData'), handle }),
  fc.record({
    do: a('subscribeData'),
    wanted: fc.boolean(),
    whose: fc.constantFrom('own' as const, 'others' as const, 'nobody' as const),
    times: fc.constantFrom(1, 50),
    fps: anyNumber,
  }),
  fc.record({ do: a('storeBlob'), key: blobKey, bytes: fc.constantFrom(0, 100, 60_000) }),
  fc.record({ do: a('getBlob'), key: blobKey, whose }),
  fc.record({
    do: a('simulate'),
    scenario: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<Scenario>(...HARMLESS) },
      { weight: 2, arbitrary: fc.constantFrom<Scenario>(...LOSING) },
      { weight: 1, arbitrary: fc.constantFrom<Scenario>(...ENDING) },
    ),
    value: anyNumber,
  }),
  fc.record({ do: a('drop'), isPatient }),
  often(
    fc.record({
      do: a('resume'),
      as: fc.constantFrom('self' as const, 'self' as const, 'honest-an' as const, 'nobody' as const),
      isPatient,
    }),
  ),
  often(fc.record({ do: a('joinAgain'), isPatient })),
  fc.record({ do: a('leave'), isPatient }),
)
