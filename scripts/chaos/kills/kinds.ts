/** What is killed, and how it is known to be back. */
import type { Db } from '@diemcau/prisma/client.ts'
import type { Product } from './product.ts'

/** What a kill was, from when on it counts, and whom it hits. */
export interface Victim {
  /** Of run.json, or of a node's worker. */
  name: string
  pid: number
  /** Index of the node whose people are hit; undefined: nobody is moved. */
  node: number | undefined
}

export interface Kind {
  name: string
  /** For the table. */
  title: string
  /**
   * The supervisor starts again at once what has lived so long; sooner it waits ever longer, and what is measured would be
   * its patience. ms
   */
  livesMs: number
  /** @param turn counts the rounds */
  find(product: Product, turn: number): Promise<Victim | undefined>
  isBack(product: Product, victim: Victim, db: Db): Promise<boolean>
}

/** A little more than what the supervisor calls stable (child-service.ts). */
const STABLE_MS = 20_500

const service = (name: string, title: string): Kind => ({
  name,
  title,
  livesMs: STABLE_MS,
  find: async product => victimOf(name, await product.pidOf(name), undefined),
  isBack: async (product, victim) =>
    isAnother(await product.pidOf(name), victim) && (await product.isWell(name)),
})

const victimOf = (name: string, pid: number | undefined, node: number | undefined): Victim | undefined =>
  pid === undefined ? undefined : { name, pid, node }

const isAnother = (pid: number | undefined, victim: Victim): boolean =>
  pid !== undefined && pid !== victim.pid

/** In the order in which a round kills them. */
export const KINDS: readonly Kind[] = [
  {
    name: 'node',
    title: 'a node',
    // Each in its turn.
    livesMs: 0,
    async find(product, turn) {
      const node = turn % product.plans.length
      const { name } = product.plans[node]!
      return victimOf(name, await product.pidOf(name), node)
    },
    isBack: async (product, victim) =>
      isAnother(await product.pidOf(victim.name), victim) && (await product.isWell(victim.name)),
  },
  service('portal', 'the portal'),
  {
    name: 'worker',
    title: 'a media worker',
    livesMs: 0,
    // Not of the node that was killed a moment ago.
    async find(product, turn) {
      const node = (turn + 1) % product.plans.length
      const [pid] = await product.workersOf(node)
      return victimOf(`worker of ${product.plans[node]!.name}`, pid, node)
    },
    async isBack(product, { pid, node }) {
      const workers = await product.workersOf(node!)
      return workers.length > 0 && !workers.includes(pid)
    },
  },
  service('recordings', 'recordings'),
  {
    name: 'postgres',
    title: 'PostgreSQL',
    livesMs: 0,
    find: async product => victimOf('postgres', await product.pidOf('postgres'), undefined),
    async isBack(product, victim, db) {
      if (!isAnother(await product.pidOf('postgres'), victim)) return false
      try {
        await db.$queryRaw`SELECT 1`
        return true
      } catch {
        // It still reads its log.
        return false
      }
    },
  },
  service('redis', 'Redis'),
]
