/**
 * Which of many open microphones are heard: pure, told the time (ms, rising) with each call. As many as there is room for, for as
 * long as nobody else needs their place; whoever has the floor is heard beside them.
 */

/** dBov; a voice that is quieter counts as silent. */
const SILENT_DBOV = -70
/** dBov; whoever is at least so loud speaks now, and does not lose the place to somebody who has only opened a microphone. */
const SPEAKING_DBOV = -50
/** How fast a voice that is not reported fades, dB a second: a pause between two sentences does not cost the place. */
const FADE_DB_PER_S = 20
/** So much louder must somebody be who takes another's place, dB. */
const MARGIN_DB = 6
/** A place changes hands once in this time at most, ms. */
export const HOLD_MS = 2_000

interface Voice<Key> {
  readonly key: Key
  isOpen: boolean
  hasFloor: boolean
  isIn: boolean
  /** When it was last let in. */
  inAtMs: number
  /** dBov as last heard, or when it was opened. */
  dbov: number
  heardAtMs: number
}

export class VoiceSelection<Key> {
  readonly #most: number
  readonly #voices = new Map<Key, Voice<Key>>()
  readonly #changed = new Map<Key, boolean>()

  /** `most`: voices at once, beside those who have the floor. */
  constructor(most: number) {
    this.#most = most
  }

  /** All microphones, open or not. */
  get size(): number {
    return this.#voices.size
  }

  /** False for one that is not known. */
  isIn(key: Key): boolean {
    return this.#voices.get(key)?.isIn ?? false
  }

  /** Those that are heard now. */
  heard(): Key[] {
    return [...this.#voices.values()].filter(({ isIn }) => isIn).map(({ key }) => key)
  }

  /** A new one; `has` as in `floor`. Each change returns the microphones of which it changed whether they are heard, in these words: in is true. */
  add(key: Key, isOpen: boolean, has: boolean, nowMs: number): ReadonlyMap<Key, boolean> {
    if (this.#voices.has(key)) return new Map()
    const voice: Voice<Key> = {
      key,
      isOpen,
      hasFloor: has,
      isIn: false,
      inAtMs: nowMs,
      dbov: SILENT_DBOV,
      heardAtMs: nowMs,
    }
    this.#voices.set(key, voice)
    if (has) this.#set(voice, true, nowMs)
    else this.#open(voice, nowMs)
    return this.#take()
  }

  remove(key: Key, nowMs: number): ReadonlyMap<Key, boolean> {
    this.#voices.delete(key)
    this.#fill(nowMs)
    return this.#take()
  }

  /** Muted or unmuted. One that opens is let in at once unless everybody who is in speaks, or came in a moment ago. */
  setOpen(key: Key, isOpen: boolean, nowMs: number): ReadonlyMap<Key, boolean> {
    const voice = this.#voices.get(key)
    if (!voice || voice.isOpen === isOpen) return new Map()
    voice.isOpen = isOpen
    voice.dbov = SILENT_DBOV
    voice.heardAtMs = nowMs
    if (isOpen) this.#open(voice, nowMs)
    return this.#take()
  }

  /** Whoever has the floor is in at once, and takes nobody's place. */
  setFloor(key: Key, has: boolean, nowMs: number): ReadonlyMap<Key, boolean> {
    const voice = this.#voices.get(key)
    if (!voice || voice.hasFloor === has) return new Map()
    voice.hasFloor = has
    if (has) {
      this.#set(voice, true, nowMs)
      this.#fill(nowMs)
    } else {
      voice.inAtMs = nowMs
      const seated = this.#seated()
      // It stands with the others again, and the one that matters least has to go.
      if (seated.length > this.#most) this.#set(least(seated, nowMs)!, false, nowMs)
    }
    return this.#take()
  }

  /** What was just measured, dBov (-127 to 0); nothing is said of those that are not in it. */
  hear(levels: Iterable<readonly [Key, number]>, nowMs: number): ReadonlyMap<Key, boolean> {
    const challengers: Voice<Key>[] = []
    for (const [key, dbov] of levels) {
      const voice = this.#voices.get(key)
      if (!voice?.isOpen) continue
      voice.dbov = Math.max(dbov, loudness(voice, nowMs))
      voice.heardAtMs = nowMs
      if (!voice.isIn) challengers.push(voice)
    }
    for (const voice of challengers.toSorted((a, b) => b.dbov - a.dbov)) {
      const victim = this.#victim(nowMs)
      if (!victim || voice.dbov < loudness(victim, nowMs) + MARGIN_DB) break
      this.#swap(victim, voice, nowMs)
    }
    return this.#take()
  }

  #open(voice: Voice<Key>, nowMs: number): void {
    if (voice.isIn) return
    if (this.#seated().length < this.#most) {
      this.#set(voice, true, nowMs)
      return
    }
    if (!voice.isOpen) return
    const victim = this.#victim(nowMs)
    if (victim && loudness(victim, nowMs) < SPEAKING_DBOV) this.#swap(victim, voice, nowMs)
  }

  /** Who loses the place next; undefined: nobody has had it for long enough. */
  #victim(nowMs: number): Voice<Key> | undefined {
    return least(
      this.#seated().filter(({ inAtMs }) => nowMs - inAtMs >= HOLD_MS),
      nowMs,
    )
  }

  #seated(): Voice<Key>[] {
    return [...this.#voices.values()].filter(({ isIn, hasFloor }) => isIn && !hasFloor)
  }

  /** Gives free places to those who matter most. */
  #fill(nowMs: number): void {
    for (let free = this.#most - this.#seated().length; free > 0; free--) {
      const out = [...this.#voices.values()].filter(({ isIn }) => !isIn)
      const next = out.toSorted((a, b) => compare(b, a, nowMs))[0]
      if (!next) return
      this.#set(next, true, nowMs)
    }
  }

  #swap(victim: Voice<Key>, voice: Voice<Key>, nowMs: number): void {
    this.#set(victim, false, nowMs)
    this.#set(voice, true, nowMs)
  }

  #set(voice: Voice<Key>, isIn: boolean, nowMs: number): void {
    if (voice.isIn === isIn) return
    voice.isIn = isIn
    if (isIn) voice.inAtMs = nowMs
    // Twice in one step is no change.
    if (!this.#changed.delete(voice.key)) this.#changed.set(voice.key, isIn)
  }

  #take(): ReadonlyMap<Key, boolean> {
    const changed = new Map(this.#changed)
    this.#changed.clear()
    return changed
  }
}

/** dBov now; a closed one is below all that are open. */
function loudness({ isOpen, dbov, heardAtMs }: Voice<unknown>, nowMs: number): number {
  if (!isOpen) return Number.NEGATIVE_INFINITY
  return Math.max(SILENT_DBOV, dbov - ((nowMs - heardAtMs) / 1000) * FADE_DB_PER_S)
}

/** Who matters less comes first: the closed, then the quiet, and of these the longest silent. */
function compare(a: Voice<unknown>, b: Voice<unknown>, nowMs: number): number {
  const [quietA, quietB] = [loudness(a, nowMs), loudness(b, nowMs)]
  return quietA === quietB ? a.heardAtMs - b.heardAtMs : quietA - quietB
}

const least = <Key>(voices: Voice<Key>[], nowMs: number): Voice<Key> | undefined =>
  voices.toSorted((a, b) => compare(a, b, nowMs))[0]
