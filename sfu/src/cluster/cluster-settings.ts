import { readFileSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { addressSetting, socketAddress } from '@diemcau/core/settings/address-setting.ts'
import { isLoopback, MIN_SECRET, secretFault } from '@diemcau/core/settings/secret-rule.ts'
import { z } from 'zod'
import { type RedisTarget, redisUrl } from './redis/redis-url.ts'

/** The settings that make a node one of a cluster. Read by sfu/src/config.ts; without REDIS_URL none of them counts. */

const port = z.coerce.number().int().min(1).max(65_535)
/** Fewer would be used up by a few rooms: each pair of routers on two nodes takes one. */
const MIN_PIPE_PORTS = 16

const ipAddress = z.string().refine(text => isIP(text) !== 0, { error: 'must be an IP address' })

/** `host`, `host:port`, `[IPv6 address]` or `[IPv6 address]:port`. */
const hostAndPort = z.string().transform((text, context): { host: string; port: number | undefined } => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const given = match?.[3] === undefined ? undefined : Number(match[3])
  const isBroken = given !== undefined && !port.safeParse(given).success
  if (host === undefined || isBroken || (match?.[1] !== undefined && !isIPv6(host))) {
    context.addIssue('expected host:port, with an IPv6 address in brackets')
    return z.NEVER
  }
  return { host, port: given }
})

const portRange = z.string().transform((text, context): { first: number; last: number } => {
  const [, from, to] = /^\s*(\d{1,5})\s*-\s*(\d{1,5})\s*$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  if (from === undefined || !port.safeParse(first).success || !port.safeParse(last).success)
    context.addIssue('expected first-last, e.g. 8000-8999')
  else if (last - first + 1 < MIN_PIPE_PORTS)
    context.addIssue(`needs at least ${MIN_PIPE_PORTS} ports, the first before the last`)
  return { first, last }
})

/** To be spread into the schema of the node's environment. */
export const clusterVariables = {
  REDIS_URL: redisUrl.optional(),
  REDIS_CA_FILE: z.string().optional(),
  CLUSTER_SECRET: z.string().optional(),
  SFU_LINK_BIND: ipAddress.optional(),
  SFU_LINK_PORT: port.default(7881),
  SFU_LINK_ADDRESS: hostAndPort.optional(),
  SFU_PIPE_ADDRESS: ipAddress.optional(),
  SFU_PIPE_PORTS: portRange.default({ first: 8000, last: 8999 }),
  /** `gather`: newcomers go to a node that has their room. `entry`: the node they come to serves them while it has room. */
  SFU_NODE_PLACEMENT: z.enum(['gather', 'entry']).default('gather'),
  SFU_PUBLIC_URL: addressSetting(socketAddress).optional(),
  /** Webhooks of one room name that may wait in Redis. */
  SFU_WEBHOOKS_WAITING: z.coerce.number().int().min(1_000).max(10_000_000).default(20_000),
}
export type ClusterVariables = z.infer<z.ZodObject<typeof clusterVariables>>

export interface ClusterConfig {
  /** `ca`: certificates to believe instead of the system's, PEM. */
  redis: { target: RedisTarget; ca: string | undefined }
  /** The same at all nodes; the links between them are made with it. */
  secret: string
  linkBind: string
  linkPort: number
  /** `host:port` at which other nodes reach `linkPort`; an IPv6 address is in brackets. */
  linkAddress: string
  /** Where tracks of other nodes come in: `PipeListen` of media/link. */
  pipes: { address: string; firstPort: number; lastPort: number }
  /** At which clients reach this very node (ws:// or wss://); undefined: they are told of no other address than the one they came by. */
  publicUrl: string | undefined
  /** A newcomer goes to a node that has their room, else to the least loaded; false: the node they come to serves them while it has room. */
  isGathered: boolean
  /** Webhooks of one room name that may wait in Redis while their receiver is away; the oldest beyond that are put aside. */
  webhooksWaiting: number
}

/** What the rest of the configuration says that the cluster has to fit in with. */
export interface ClusterPlace {
  NODE_ENV: string
  /** Address of the clients' port. */
  bind: string
  httpPort: number
  firstMediaPort: number
  lastMediaPort: number
  /** Addresses of this machine that others may reach (server/own-addresses.ts). */
  machine: () => readonly string[]
}

/**
 * Undefined without REDIS_URL.
 * @returns with `faults`, one a line, each beginning with the setting's name; with any of them the result is not to be used
 */
export function readCluster(
  values: ClusterVariables,
  place: ClusterPlace,
): { cluster: ClusterConfig | undefined; faults: string[] } {
  const { REDIS_URL: target, SFU_LINK_PORT, SFU_PIPE_PORTS } = values
  if (target === undefined) return { cluster: undefined, faults: [] }
  const faults: string[] = []
  const linkBind = values.SFU_LINK_BIND ?? (place.bind === 'localhost' ? '127.0.0.1' : place.bind)
  const hosts = hostsOf(values, linkBind, place)
  const secret = values.CLUSTER_SECRET ?? ''
  faults.push(...hosts.faults, ...secretFaults(secret, linkBind, place), ...portFaults(values, place))
  const { ca, fault } = readCa(values.REDIS_CA_FILE, target)
  if (fault !== undefined) faults.push(`REDIS_CA_FILE: ${fault}`)
  return {
    faults,
    cluster: {
      redis: { target, ca },
      secret,
      linkBind,
      linkPort: SFU_LINK_PORT,
      linkAddress: `${isIPv6(hosts.link) ? `[${hosts.link}]` : hosts.link}:${values.SFU_LINK_ADDRESS?.port ?? SFU_LINK_PORT}`,
      pipes: { address: hosts.pipe, firstPort: SFU_PIPE_PORTS.first, lastPort: SFU_PIPE_PORTS.last },
      publicUrl: values.SFU_PUBLIC_URL,
      isGathered: values.SFU_NODE_PLACEMENT === 'gather',
      webhooksWaiting: values.SFU_WEBHOOKS_WAITING,
    },
  }
}

function secretFaults(secret: string, linkBind: string, place: ClusterPlace): string[] {
  if (secret === '')
    return [
      `CLUSTER_SECRET: needed with REDIS_URL, the same at all nodes, at least ${MIN_SECRET} random characters: openssl rand -hex 32`,
    ]
  const fault = secretFault(secret, { NODE_ENV: place.NODE_ENV, bind: linkBind })
  return fault === null ? [] : [`CLUSTER_SECRET: ${fault}`]
}

/** TCP of links and UDP of pipes against what clients use; media takes both protocols. */
function portFaults({ SFU_LINK_PORT, SFU_PIPE_PORTS }: ClusterVariables, place: ClusterPlace): string[] {
  const { httpPort, firstMediaPort, lastMediaPort } = place
  const media = `${firstMediaPort} to ${lastMediaPort}`
  const faults: string[] = []
  if (SFU_LINK_PORT === httpPort) faults.push(`SFU_LINK_PORT: ${SFU_LINK_PORT} is SFU_PORT, too`)
  if (SFU_LINK_PORT >= firstMediaPort && SFU_LINK_PORT <= lastMediaPort)
    faults.push(`SFU_LINK_PORT: ${SFU_LINK_PORT} is also a media port (${media})`)
  if (SFU_PIPE_PORTS.first <= lastMediaPort && SFU_PIPE_PORTS.last >= firstMediaPort)
    faults.push(
      `SFU_PIPE_PORTS: ${SFU_PIPE_PORTS.first} to ${SFU_PIPE_PORTS.last} holds media ports of clients (${media})`,
    )
  return faults
}

/**
 * The host of the links and the address of the pipes. What was not given follows from the address the links are bound to; where that
 * is all of them, from the machine's only address.
 */
function hostsOf(
  { SFU_LINK_BIND, SFU_LINK_ADDRESS, SFU_PIPE_ADDRESS }: ClusterVariables,
  linkBind: string,
  place: ClusterPlace,
): { link: string; pipe: string; faults: string[] } {
  const machine = place.machine()
  const isMine = (address: string) => isLoopback(address) || machine.includes(address)
  const faults: string[] = []
  const given = SFU_LINK_ADDRESS?.host
  let found = given !== undefined && isIP(given) !== 0 && isMine(given) ? given : linkBind
  if (isAny(found) && SFU_PIPE_ADDRESS !== undefined) found = SFU_PIPE_ADDRESS
  if (isAny(found)) {
    const own = addressesOf(linkBind, machine)
    const missing = given === undefined ? 'SFU_LINK_ADDRESS' : 'SFU_PIPE_ADDRESS'
    if (own.length === 0)
      faults.push(
        `${missing}: this machine has no address that other nodes could reach; on one machine set SFU_LINK_BIND=127.0.0.1`,
      )
    if (own.length > 1)
      faults.push(
        `${missing}: this machine has several addresses (${own.join(', ')}): say at which one the other nodes reach it`,
      )
    found = own[0] ?? '127.0.0.1'
  }
  if (!isAny(linkBind) && !isMine(linkBind)) faults.push(`SFU_LINK_BIND: ${notMine(linkBind)}`)
  if (SFU_PIPE_ADDRESS !== undefined && !isMine(SFU_PIPE_ADDRESS))
    faults.push(
      `SFU_PIPE_ADDRESS: ${notMine(SFU_PIPE_ADDRESS)}; pipes are bound to it, and there is no NAT between nodes`,
    )
  // Behind a proxy the clients' port is often bound to the loopback. What follows from that must not leave a node alone silently.
  if (place.NODE_ENV === 'production' && isLoopback(linkBind) && SFU_LINK_BIND === undefined)
    faults.push(
      `SFU_LINK_BIND: without it links listen on ${linkBind} as the clients' port does, where no other machine reaches them; set this node's address, or ${linkBind} if all nodes are on this machine`,
    )
  return { link: given ?? found, pipe: SFU_PIPE_ADDRESS ?? found, faults }
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::'
const notMine = (address: string): string => `${address} is no address of this machine`

/** IPv4 goes first: a machine with IPv6 mostly has several addresses of it. */
function addressesOf(bind: string, machine: readonly string[]): string[] {
  const four = machine.filter(address => !isIPv6(address))
  return four.length > 0 || bind !== '::' ? four : [...machine]
}

function readCa(file: string | undefined, target: RedisTarget): { ca: string | undefined; fault?: string } {
  if (file === undefined) return { ca: undefined }
  if (!target.tls)
    return { ca: undefined, fault: 'REDIS_URL asks for no TLS: write rediss:// or leave it out' }
  try {
    const ca = readFileSync(file, 'utf8')
    return ca.includes('-----BEGIN CERTIFICATE-----')
      ? { ca }
      : { ca: undefined, fault: `${file} holds no certificate (PEM)` }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { ca: undefined, fault: `${file} cannot be read (${code})` }
  }
}
