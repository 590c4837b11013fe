/** What one person asked of the floor, and what the portal answered. Kept by the tool, compared with what is there afterwards. */
import type { CommandResult } from '@diemcau/core/contracts/floor.ts'

/**
 * `acked`: the portal said that it is done. `refused`: it said no, or that something went wrong; the command may have been done all the
 * same when what went wrong was the answer. `open`: no answer yet.
 */
export type Outcome = 'open' | 'acked' | 'refused'

export interface Sent<Value> {
  value: Value
  outcome: Outcome
  /** Of a refusal. */
  code?: string
}

/** Writes the answer down when it comes. Never rejects. */
export async function settle(sent: Sent<unknown>, answer: Promise<CommandResult>): Promise<void> {
  const result = await answer
  sent.outcome = result.ok ? 'acked' : 'refused'
  if (!result.ok) sent.code = result.code
}

export interface Tally {
  sent: number
  acked: number
  refused: number
  open: number
  /** Of refusals: how many by code. */
  codes: Record<string, number>
}

export function tally(all: readonly Sent<unknown>[]): Tally {
  const count = (outcome: Outcome) => all.filter(one => one.outcome === outcome).length
  const codes: Record<string, number> = {}
  for (const { outcome, code = 'unknown' } of all)
    if (outcome === 'refused') codes[code] = (codes[code] ?? 0) + 1
  return { sent: all.length, acked: count('acked'), refused: count('refused'), open: count('open'), codes }
}
