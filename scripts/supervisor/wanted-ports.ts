/** Every port that is about to be opened, by the setting that moves it. */
import { availableParallelism } from 'node:os'
import type { NodePlan } from './cluster-plan.ts'
import type { SupervisorConfig } from './config.ts'
import type { WantedPort } from './ports.ts'

/** @param nodes of a cluster; none: one media server on SFU_PORT */
export function wantedPorts(config: SupervisorConfig, nodes: readonly NodePlan[]): WantedPort[] {
  const tcp = (port: number, host: string, setting: string, purpose: string): WantedPort => {
    return { port, protocol: 'tcp', host, setting, purpose }
  }
  const media = (first: number, workers: number, setting: string) =>
    Array.from({ length: workers }, (_, index) =>
      tcp(first + index, config.sfuBind, setting, 'media'),
    ).flatMap(one => [one, { ...one, protocol: 'udp' as const }])
  const common = [
    tcp(config.PORT, config.bind, 'PORT', 'portal'),
    tcp(config.SFU_PORT, config.sfuBind, 'SFU_PORT', 'media server'),
    tcp(config.RECORDINGS_PORT, config.RECORDINGS_BIND, 'RECORDINGS_PORT', 'recordings'),
  ]
  if (nodes.length === 0)
    return [
      ...common,
      ...media(config.SFU_MEDIA_PORT, config.SFU_WORKERS ?? availableParallelism(), 'SFU_MEDIA_PORT'),
    ]
  return [
    ...common,
    ...(config.REDIS_URL ? [] : [tcp(config.REDIS_PORT, '127.0.0.1', 'REDIS_PORT', 'Redis')]),
    ...nodes.flatMap(({ name, port, linkPort, firstMediaPort, workers }) => [
      tcp(port, '127.0.0.1', 'SFU_PORT', `media server ${name}`),
      tcp(linkPort, '127.0.0.1', 'SFU_PORT', `links of ${name}`),
      ...media(firstMediaPort, workers, 'SFU_PORT'),
    ]),
  ]
}
