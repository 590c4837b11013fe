/**
 * Which pictures a subscriber's link can carry. Pure: time, estimate and costs come in, verdicts go out.
 *
 * mediasoup estimates the link (transport-cc) and picks layers of simulcast and SVC pictures within that estimate. Three
 * things it does not do are decided here: sound is not part of its sum, so room is kept for it; a picture of a single layer is
 * sent whatever the estimate says, so it is held back when it does not fit; and a picture at the edge would come and go
 * every second, so one that was held stays so for a while that grows from time to time.
 *
 * Pictures are served in order of rank: the ones that matter least go first and come back last.
 */

/** What a subscriber gets of a picture. */
export type Verdict =
  /** Whatever layers the worker finds room for. */
  | 'free'
  /** Nothing for a moment, so that the queue a narrowed link has built up empties and sound passes again; then 'lowest'. */
  | 'drain'
  /** The lowest layer at its lowest frame rate, until it is known whether the link carries more. */
  | 'lowest'
  /** Nothing; the subscriber is told. */
  | 'held'

export interface Picture {
  id: string
  /** Pictures of a higher rank are served first. */
  rank: number
  /** What must fit for it to be worth sending, bit/s: its only layer, or all frames of its lowest spatial layer. */
  leastBps: number
  /** The smallest part that can be sent at all, bit/s; equal to `leastBps` when there is one layer only. */
  lowestBps: number
  hasLayers: boolean
}

export interface LinkState {
  nowMs: number
  /** The worker's estimate of what pictures may take, bit/s. */
  availableBps: number
  /** What is sent now, pictures only, bit/s. */
  flowBps: number
  /** Room for sound, bit/s. */
  soundBps: number
  /** Share of packets the client reports lost, 0..1. */
  loss: number
  /** The link was just found to drop packets in numbers (`LossWatch`); `availableBps` is what it let through of the pictures. */
  isFlooded?: boolean
}

/**
 * From this estimate on it is not taken as a limit unless packets are lost: the worker's estimate starts at 2 Mbit/s and,
 * where nothing more is wanted, stays there however fast the link is, bit/s.
 */
export const CREDIBLE_BELOW_BPS = 1_600_000
/** More than this lost means a full queue; a poor but idle wireless link stays below. */
const FULL_QUEUE_LOSS = 0.12
/** The estimate fell to less than this share of the last one, while more than it allows is being sent: the link was narrowed. */
const SHARP_DROP = 0.75
const OVERRUN = 1.25
/**
 * Without loss an estimate below this share of the cost of a picture of one layer counts only when it lasts: a busy
 * receiver, too, reports its packets late for a moment, and while they all arrive the estimate recovers by itself.
 */
const CLEAR_MISFIT = 0.7
const LOSSLESS_PATIENCE_MS = 4_000
/** Margin in which a picture comes back, so that it does not leave again at once. */
const RETURN_MARGIN = 1.3
/** The same for going on from the lowest layer, where the estimate is of a real flow. */
const STAY_MARGIN = 1.15
/** It must have seemed so for this long, which holds more than one try, ms. */
const RETURN_CALM_MS = 2_400
/** After this long there is no doubt left, whatever happened before, ms. */
const RETURN_SURE_MS = 6_000
/**
 * A try of a link that just carries the picture finds a little less than there is, now more, now less than the margin: one that always
 * found enough without the margin will do, too, ms.
 */
const RETURN_TIGHT_MS = 4_000
/** Long enough for 300 ms of queue, ms. */
export const DRAIN_MS = 500
/** A layered picture that does not fit is held after this time, one of a single layer sooner since it fills the queue, ms. */
const LAYERED_PATIENCE_MS = 3_000
const SINGLE_PATIENCE_MS = 900
/** At least this long in 'lowest', so that the estimate is of the new flow, ms. */
const LOWEST_MIN_MS = 1_500
/** First and longest time held; it doubles when the picture had to go again within the memory, ms. */
const FIRST_HOLD_MS = 3_000
const LONGEST_HOLD_MS = 24_000
const MEMORY_MS = 30_000

/** A try measures a little less than it sends. */
const PROBE_MARGIN = 1.5
/** A try goes this far beyond what is known, from this on, bit/s. */
const PROBE_STEP = 2.2
const PROBE_START_BPS = 320_000

interface Entry {
  verdict: Verdict
  since: number
  /** Since when it has not fitted, undefined while it fits. */
  misfitSince: number | undefined
  /** When held: it does not come back before that. */
  heldUntil: number
  /** How long it was held the last time, 0: never. */
  holdMs: number
  releasedAt: number
  /** When held: since when it would fit with a margin. */
  fitsSince: number | undefined
  /** When held: since when it would just fit. */
  fitsTightSince: number | undefined
}

/** Remembers the pictures of one subscriber. */
export class Congestion {
  readonly #entries = new Map<string, Entry>()
  #lastAvailableBps = 0

  /** True when some picture gets less than the worker would give it. */
  get isRestricting(): boolean {
    return [...this.#entries.values()].some(entry => entry.verdict !== 'free')
  }

  /**
   * Verdicts for the pictures wanted now; those not named are forgotten. Call it on every new estimate, and again
   * `DRAIN_MS` after a 'drain'.
   */
  update(link: LinkState, pictures: readonly Picture[]): Map<string, Verdict> {
    const isFlooded = link.isFlooded ?? false
    const isSharp = this.#isSharpDrop(link)
    const isNarrow = isFlooded || link.availableBps < CREDIBLE_BELOW_BPS || link.loss > FULL_QUEUE_LOSS
    const wanted = new Set(pictures.map(picture => picture.id))
    for (const id of this.#entries.keys()) if (!wanted.has(id)) this.#entries.delete(id)

    let leftBps = link.availableBps
    let hasReturned = false
    let isUndecided = false
    for (const picture of pictures.toSorted((a, b) => b.rank - a.rank)) {
      const entry = this.#entries.get(picture.id) ?? this.#open(picture, link, leftBps, isNarrow)
      if (entry.verdict === 'held') {
        // One at a time: each needs a new look at the link.
        if (!hasReturned && mayReturn(entry, picture, link, leftBps, isNarrow)) {
          hasReturned = true
          move(entry, picture.hasLayers ? 'lowest' : 'free', link.nowMs)
          entry.releasedAt = link.nowMs
        }
      } else {
        // One that does not fit even with all the link to itself will make room for those after it.
        if (isFlooded && isSwept(picture, leftBps)) hold(entry, link.nowMs)
        else
          this.#judge(entry, picture, link, {
            leftBps,
            isSharp,
            isFlooded,
            isNarrow: isNarrow && !isUndecided,
          })
        isUndecided ||= entry.misfitSince !== undefined
      }
      if (entry.verdict !== 'held')
        leftBps -= entry.verdict === 'lowest' ? picture.lowestBps : picture.leastBps
    }
    return new Map([...this.#entries].map(([id, entry]) => [id, entry.verdict]))
  }

  /**
   * The worker learns that a link has become wider only where it sends less than it might, and by steps that are lost in
   * noise where it sends nothing. So while a picture is held: the bandwidth to try the link for, bit/s, which is what
   * the cheapest of them needs beside what flows, in steps, so that a try never floods the link.
   */
  probeBps(link: LinkState, pictures: readonly Picture[]): number | undefined {
    let flowingBps = 0
    let cheapestBps = Number.POSITIVE_INFINITY
    for (const picture of pictures) {
      if (this.#entries.get(picture.id)?.verdict !== 'held') flowingBps += picture.leastBps
      else cheapestBps = Math.min(cheapestBps, needOf(picture, link))
    }
    const wantedBps = (flowingBps + cheapestBps) * PROBE_MARGIN
    if (!Number.isFinite(wantedBps) || link.availableBps >= wantedBps) return undefined
    return Math.round(Math.min(wantedBps, Math.max(link.availableBps * PROBE_STEP, PROBE_START_BPS)))
  }

  /** A picture seen for the first time starts free, but not on a link that is known to be too narrow for it. */
  #open(picture: Picture, link: LinkState, leftBps: number, isNarrow: boolean): Entry {
    const isHeld = this.isRestricting && isNarrow && leftBps < needOf(picture, link)
    const entry: Entry = {
      verdict: isHeld ? 'held' : 'free',
      since: link.nowMs,
      misfitSince: undefined,
      heldUntil: link.nowMs,
      holdMs: 0,
      releasedAt: link.nowMs,
      fitsSince: undefined,
      fitsTightSince: undefined,
    }
    this.#entries.set(picture.id, entry)
    return entry
  }

  #isSharpDrop(link: LinkState): boolean {
    const isSharp =
      link.availableBps < this.#lastAvailableBps * SHARP_DROP && link.flowBps > link.availableBps * OVERRUN
    this.#lastAvailableBps = link.availableBps
    return isSharp
  }

  #judge(
    entry: Entry,
    picture: Picture,
    link: LinkState,
    state: { leftBps: number; isSharp: boolean; isFlooded: boolean; isNarrow: boolean },
  ): void {
    const { nowMs } = link
    if (entry.verdict === 'drain') {
      if (nowMs - entry.since < DRAIN_MS) return
      if (state.isNarrow && state.leftBps < picture.lowestBps) hold(entry, nowMs)
      else move(entry, 'lowest', nowMs)
      return
    }
    const share = state.leftBps / Math.max(picture.leastBps, 1)
    const isMisfit = picture.hasLayers
      ? share < (entry.verdict === 'lowest' ? STAY_MARGIN : 1)
      : share < CLEAR_MISFIT || (share < 1 && link.loss > FULL_QUEUE_LOSS)
    if (!isMisfit || !state.isNarrow) entry.misfitSince = undefined
    else entry.misfitSince ??= nowMs

    if (picture.hasLayers) {
      if ((state.isSharp || state.isFlooded) && entry.verdict === 'free') move(entry, 'drain', nowMs)
      else if (entry.misfitSince === undefined) {
        if (entry.verdict === 'lowest' && nowMs - entry.since >= LOWEST_MIN_MS) move(entry, 'free', nowMs)
      } else if (state.leftBps < picture.lowestBps || nowMs - entry.misfitSince >= LAYERED_PATIENCE_MS)
        hold(entry, nowMs)
    } else if (entry.misfitSince !== undefined) {
      const isFull = link.loss > FULL_QUEUE_LOSS
      const patienceMs = isFull ? (state.isSharp ? 0 : SINGLE_PATIENCE_MS) : LOSSLESS_PATIENCE_MS
      if (nowMs - entry.misfitSince >= patienceMs) hold(entry, nowMs)
    }
  }
}

/** True when what passes of a flooded link does not hold even the least of a picture: each packet of it costs one of sound. */
const isSwept = (picture: Picture, leftBps: number): boolean =>
  picture.hasLayers ? leftBps < picture.lowestBps * STAY_MARGIN : leftBps < picture.leastBps * CLEAR_MISFIT

/** Notes whether a held picture would fit, and tells whether it may come back now. */
function mayReturn(
  entry: Entry,
  picture: Picture,
  link: LinkState,
  leftBps: number,
  isNarrow: boolean,
): boolean {
  const { nowMs } = link
  if (isNarrow && leftBps < picture.leastBps + link.soundBps) entry.fitsTightSince = undefined
  else entry.fitsTightSince ??= nowMs
  if (isNarrow && leftBps < needOf(picture, link)) entry.fitsSince = undefined
  else entry.fitsSince ??= nowMs
  if (nowMs - (entry.fitsSince ?? nowMs) >= RETURN_SURE_MS) return true
  if (nowMs < entry.heldUntil) return false
  return (
    nowMs - (entry.fitsSince ?? nowMs) >= RETURN_CALM_MS ||
    nowMs - (entry.fitsTightSince ?? nowMs) >= RETURN_TIGHT_MS
  )
}

/** What must be free for a picture to come back. */
const needOf = (picture: Picture, link: LinkState): number => picture.leastBps * RETURN_MARGIN + link.soundBps

function hold(entry: Entry, nowMs: number): void {
  const isAgain = entry.holdMs > 0 && nowMs - entry.releasedAt < MEMORY_MS
  entry.holdMs = isAgain ? Math.min(entry.holdMs * 2, LONGEST_HOLD_MS) : FIRST_HOLD_MS
  entry.heldUntil = nowMs + entry.holdMs
  move(entry, 'held', nowMs)
}

function move(entry: Entry, verdict: Verdict, nowMs: number): void {
  entry.verdict = verdict
  entry.since = nowMs
  entry.misfitSince = undefined
  entry.fitsSince = undefined
  entry.fitsTightSince = undefined
}
