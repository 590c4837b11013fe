/**
 * Keeps a publisher's pictures from crowding out its sound on a narrow uplink. Pure: counts of an interval come in, a limit goes out.
 *
 * libwebrtc sends pictures, and padding to learn whether more fits, until packets are lost, and on a queue that is always full it does not
 * see the delay that would make it stop. Sound shares that queue. So when sound is missed on a link that carries little, the publisher is told a
 * maximum a little below what came through; after a while without loss the limit is taken away, to see whether the link has become wider.
 */

export interface UplinkInterval {
  nowMs: number
  /** Packets of sound that were sent, and those of them that did not come at once. */
  soundSent: number
  soundMissed: number
  /** All that came, and what of it was sound, bit/s. */
  receivedBps: number
  soundBps: number
}

/** Sound that is missed so often is heard to be; a poor wireless link may lose as much, whence `RANDOM_CUTS`. */
const LOSSY = 0.05
/** Too few packets tell nothing: muted, or silent with DTX. */
const MIN_PACKETS = 50
/** With less than this there is no picture that could crowd anything out, bit/s. */
const SOUND_ONLY_BPS = 60_000
/** A wider link has room for sound beside anything, bit/s. */
const NARROW_BPS = 1_000_000
const CUT = 0.85
/** A small picture, bit/s. */
const MIN_LIMIT_BPS = 100_000
/** Time without loss until the limit is taken away, at first and at most; it doubles each time it had to come back soon, ms. */
const FIRST_CALM_MS = 30_000
const LONGEST_CALM_MS = 240_000
/** It came back soon, ms. */
const SOON_MS = 60_000
/** So many cuts that did not help: the loss is not of our making, and the link is left alone for a while, ms. */
const RANDOM_CUTS = 3
const NO_HELP = 0.7
const LEFT_ALONE_MS = 600_000

export class UplinkLimit {
  #limitBps: number | undefined
  #calmSince = 0
  #calmMs = FIRST_CALM_MS
  #releasedAt = Number.NEGATIVE_INFINITY
  #lastLimitBps = 0
  #cuts = 0
  #firstShare = 0
  #leftAloneUntil = Number.NEGATIVE_INFINITY

  /** Bit/s, undefined: none. */
  get limitBps(): number | undefined {
    return this.#limitBps
  }

  /** Call it every few seconds; returns `limitBps`. */
  update(interval: UplinkInterval): number | undefined {
    const { nowMs, soundSent, soundMissed } = interval
    const share = soundSent < MIN_PACKETS ? 0 : soundMissed / soundSent
    const picturesBps = interval.receivedBps - interval.soundBps
    const isNarrow = picturesBps > SOUND_ONLY_BPS && interval.receivedBps < NARROW_BPS
    if (isNarrow && share >= LOSSY && nowMs >= this.#leftAloneUntil) this.#cut(interval, share)
    else if (this.#limitBps !== undefined && nowMs - this.#calmSince >= this.#calmMs) this.#release(nowMs)
    return this.#limitBps
  }

  /** Another network: nothing is known of it. */
  reset(): void {
    this.#limitBps = undefined
    this.#calmMs = FIRST_CALM_MS
    this.#releasedAt = Number.NEGATIVE_INFINITY
    this.#leftAloneUntil = Number.NEGATIVE_INFINITY
    this.#cuts = 0
  }

  #cut({ nowMs, receivedBps, soundBps }: UplinkInterval, share: number): void {
    const isBackSoon = this.#limitBps === undefined && nowMs - this.#releasedAt < SOON_MS
    if (this.#limitBps === undefined) {
      this.#calmMs = isBackSoon ? Math.min(this.#calmMs * 2, LONGEST_CALM_MS) : FIRST_CALM_MS
      this.#cuts = 0
      this.#firstShare = share
    }
    this.#cuts += 1
    if (this.#cuts > RANDOM_CUTS && share > this.#firstShare * NO_HELP) {
      this.#release(nowMs)
      this.#leftAloneUntil = nowMs + LEFT_ALONE_MS
      return
    }
    // What libwebrtc holds to the limit is pictures and padding; sound goes beside them.
    const picturesBps = receivedBps - soundBps
    const basisBps = Math.min(picturesBps, this.#limitBps ?? picturesBps) * CUT
    this.#limitBps = Math.max(Math.round(isBackSoon ? this.#lastLimitBps : basisBps), MIN_LIMIT_BPS)
    this.#calmSince = nowMs
  }

  #release(nowMs: number): void {
    this.#lastLimitBps = this.#limitBps ?? 0
    this.#limitBps = undefined
    this.#releasedAt = nowMs
  }
}
