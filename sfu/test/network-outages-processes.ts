/** Process trees that are stopped and go on (SIGSTOP, SIGCONT), as a machine that sleeps. */
import { readdir, readFile } from 'node:fs/promises'

/** Every process below `root`, itself not included, from /proc. */
export async function descendants(root: number): Promise<number[]> {
  const children = new Map<number, number[]>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // Processes come and go while we look.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined)
    if (stat === undefined) continue
    // The name in brackets may hold anything; the parent is the second field after it (proc(5)).
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (const waiting = [root]; waiting.length > 0; ) {
    const below = children.get(waiting.pop() as number) ?? []
    found.push(...below)
    waiting.push(...below)
  }
  return found
}

/** Processes that ended meanwhile are ignored. */
export function signalAll(pids: number[], signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended.
    }
}
