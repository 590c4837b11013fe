import { AppError } from '@diemcau/core/errors.ts'
import { expect, it } from 'vitest'
import { someReport } from '../test/node-report.ts'
import { ClusterNodes } from './cluster-nodes.ts'
import { silentLog } from './room/base/log.ts'
import type { AnswerNode } from './rooms-alone.ts'

type Peer = AnswerNode | 'down' | Error

/** A node whose links lead to these; the newest drain order it was given is in `drained`. */
function node(name: string, peers: Record<string, Peer> = {}) {
  let answer: AnswerNode = () => undefined
  const drained: string[] = []
  const cluster = { ...someReport().cluster!, instance: name, address: `${name}:7881` }
  const nodes = new ClusterNodes({
    rooms: {
      cluster: () => cluster,
      others: {
        list: () =>
          Object.entries(peers).map(([incarnation, peer]) => ({
            incarnation,
            address: `${incarnation}:7881`,
            isUp: peer !== 'down',
          })),
        ask: async (incarnation, method, payload) => {
          const peer = peers[incarnation]
          if (peer instanceof Error) throw peer
          const answered = typeof peer === 'function' ? await peer(method, payload) : undefined
          if (!answered) throw new AppError('unimplemented', `no call ${method}`)
          return answered
        },
        answer: given => {
          answer = given
        },
      },
    },
    seen: async () => ({ report: someReport({ name, cluster }), loads: [] }),
    drain: {
      begin: () => {
        drained.push('begin')
        return { state: 'going', left: 3, refusal: null }
      },
      end: () => {
        throw new AppError('failed_precondition', 'this node is stopping')
      },
    },
    log: silentLog,
  })
  return { nodes, drained, answer: answer as AnswerNode }
}

it('tells of all nodes by their own word, itself first, and why there is none of the others', async () => {
  const far = node('ND_2')
  const { nodes } = node('ND_1', {
    ND_2: far.answer,
    ND_3: 'down',
    ND_4: new AppError('unavailable', 'no answer'),
    ND_5: () => undefined,
    ND_6: async () => Buffer.from('{"report":{}}'),
  })
  const report = await nodes.report()
  expect(report.nodes.map(({ incarnation, seen, fault }) => [incarnation, seen?.report.name, fault])).toEqual(
    [
      ['ND_1', 'ND_1', null],
      ['ND_2', 'ND_2', null],
      ['ND_3', undefined, 'no_link'],
      ['ND_4', undefined, 'no_answer'],
      ['ND_5', undefined, 'other_version'],
      ['ND_6', undefined, 'other_version'],
    ],
  )
  expect(report.nodes[1]?.address).toBe('ND_2:7881')
})

it('drains the one that is named, itself or another, and hands on its refusal', async () => {
  const far = node('ND_2')
  const { nodes, drained } = node('ND_1', { ND_2: far.answer })
  const begin = { isWanted: true, by: 'an' }
  expect(await nodes.drain('ND_2', begin)).toMatchObject({ state: 'going' })
  expect([far.drained, drained]).toEqual([['begin'], []])
  await nodes.drain('ND_1', begin)
  expect(drained).toEqual(['begin'])
  await expect(nodes.drain('ND_2', { isWanted: false, by: 'an' })).rejects.toThrow('stopping')
  await expect(nodes.drain('ND_9', begin)).rejects.toThrow('no such node')
})
