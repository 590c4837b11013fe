import { AppError } from '@diemcau/core/errors.ts'
import { isLoopback } from '@diemcau/core/settings/secret-rule.ts'
import type { Log } from '../../room/base/log.ts'
import type { ClusterConfig } from '../cluster-settings.ts'
import { TlsLinks } from '../links/tls-links.ts'
import { RedisRecord } from '../redis/redis-record.ts'
import type { ClusterParts } from './node-session.ts'

/**
 * The record in Redis and links over the network, as the settings say. Whoever is given them closes the record. `client`: where this node
 * listens to clients.
 * @throws AppError('unavailable') with a line for the operator when Redis is not there or cannot serve a cluster
 */
export async function openClusterParts(
  config: ClusterConfig,
  log: Log,
  client: { bind: string; port: number },
): Promise<ClusterParts> {
  const { redis, secret, linkBind, linkPort, linkAddress, publicUrl } = config
  const record = await RedisRecord.create({
    target: redis.target,
    log,
    listener: {
      handleUp: () => log.info({}, 'Redis is there'),
      handleAway: reason => log.warn({ reason }, 'Redis is away: nobody can join until it is back'),
    },
    ...(redis.ca === undefined ? {} : { ca: redis.ca }),
  }).catch((cause: unknown) => {
    const word = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('unavailable', `the cluster's Redis (REDIS_URL) cannot be used: ${word}`, { cause })
  })
  return {
    record,
    url: publicUrl ?? '',
    signal: signalAddress(linkAddress, client),
    openLinks: async (self, clusterNowMs) => ({
      links: await TlsLinks.create({ self, secret, bind: linkBind, port: linkPort, log, clusterNowMs }),
      address: linkAddress,
    }),
  }
}

/** Of the port for clients, at the host other nodes know. One that only this machine reaches is of no use to nodes on others. */
function signalAddress(linkAddress: string, { bind, port }: { bind: string; port: number }): string {
  const host = linkAddress.slice(0, linkAddress.lastIndexOf(':'))
  const isReached = !isLoopback(bind) || isLoopback(host.replace(/^\[|\]$/g, ''))
  return isReached ? `${host}:${port}` : ''
}
