/** The files in deploy/: that other programs can read them, and that they fit what our processes are. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { knownMetrics } from './known-metrics.ts'
import { composeFaults, manifestFault } from './schemas.mjs'

const folder = fileURLToPath(new URL('../../deploy', import.meta.url))
const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
/** A node leads people away for a minute at most, and then stops within 8 s (sfu/src/main.ts). */
const STOP_S = 60 + 8

/** Names of metrics in an expression; Prometheus makes `up` itself. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(diemcau|process|nodejs)_\w+/g)].map(([name]) => name)

describe('Grafana and Prometheus', () => {
  let known: Set<string>
  beforeAll(async () => {
    known = new Set((await knownMetrics()).map(({ name }) => name))
  })

  it('the dashboard is one, and shows nothing that no process says', () => {
    const dashboard = JSON.parse(read('grafana/diemcau.json')) as {
      uid: string
      panels: { id: number; type: string; title: string; targets?: { expr: string }[] }[]
    }
    const panels = dashboard.panels.filter(({ type }) => type !== 'row')
    expect(dashboard.uid).toBe('diemcau')
    expect(panels.length).toBeGreaterThan(20)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { title, targets = [] } of panels) {
      const names = targets.flatMap(({ expr }) => namesIn(expr))
      expect(names.length, title).toBeGreaterThanOrEqual(targets.length)
      expect(
        names.filter(name => !known.has(name)),
        title,
      ).toEqual([])
    }
  })

  it('the rules ask for nothing that no process says, and tell people what to do', () => {
    const { groups } = parse(read('prometheus/alerts.yml')) as {
      groups: {
        name: string
        rules: {
          alert: string
          expr: string
          for?: string
          labels: { severity: string }
          annotations: { summary: string; description: string }
        }[]
      }[]
    }
    const rules = groups.flatMap(group => group.rules)
    expect(rules.length).toBeGreaterThan(20)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, expr, for: wait, labels, annotations } of rules) {
      const names = namesIn(expr)
      expect(names.length > 0 || expr.startsWith('up{'), alert).toBe(true)
      expect(
        names.filter(name => !known.has(name)),
        alert,
      ).toEqual([])
      expect(wait ?? '1m', alert).toMatch(/^\d+[smh]$/)
      expect(['critical', 'warning'], alert).toContain(labels.severity)
      expect(annotations.summary.length, alert).toBeGreaterThan(10)
      expect(annotations.description.length, alert).toBeGreaterThan(10)
    }
  })

  it('Prometheus collects the jobs that the rules and the dashboard speak of', () => {
    const { scrape_configs, rule_files } = parse(read('prometheus/prometheus.yml')) as {
      scrape_configs: { job_name: string }[]
      rule_files: string[]
    }
    expect(rule_files).toEqual(['alerts.yml'])
    const spoken = [read('prometheus/alerts.yml'), read('grafana/diemcau.json')]
      .join()
      .matchAll(/job=\\?"([\w-]+)/g)
    const jobs = scrape_configs.map(({ job_name }) => job_name)
    expect([...new Set([...spoken].map(([, job]) => job))].sort()).toEqual([...jobs].sort())
  })
})

describe('the compose file', () => {
  const file = path.join(folder, 'compose/compose.yml')

  it('is what the specification says', () => expect(composeFaults(file)).toEqual([]))

  it('would be refused with a name that is none', () => {
    const broken = mkdtempSync(path.join(tmpdir(), 'compose-'))
    onTestFinished(() => rmSync(broken, { recursive: true }))
    writeFileSync(
      path.join(broken, 'compose.yml'),
      read('compose/compose.yml').replace('stop_grace_period', 'stop_grace'),
    )
    expect(composeFaults(path.join(broken, 'compose.yml')).join()).toContain('/services/sfu')
  })

  it('gives a media server its network and the time of a drain, and asks each process by its own address', () => {
    const { services } = parse(read('compose/compose.yml'), { merge: true }) as {
      services: Record<
        string,
        { network_mode?: string; stop_grace_period?: string; healthcheck?: { test: string[] } }
      >
    }
    expect(services.sfu?.network_mode).toBe('host')
    expect(Number.parseInt(services.sfu?.stop_grace_period ?? '', 10)).toBeGreaterThan(STOP_S)
    const asked = Object.entries({ sfu: 7880, recordings: 7980, portal: 3000 })
    for (const [name, port] of asked)
      expect(services[name]?.healthcheck?.test.join(' ')).toContain(`127.0.0.1:${port}/readyz`)
  })
})

describe('the manifests', () => {
  interface Pod {
    hostNetwork?: boolean
    terminationGracePeriodSeconds: number
    containers: {
      envFrom?: unknown
      env: { name: string }[]
      readinessProbe: { httpGet: { path: string; port: number } }
    }[]
  }
  interface Manifest {
    kind: string
    metadata: { name: string; namespace?: string }
    stringData?: Record<string, string>
    spec: { template: { spec: Pod }; updateStrategy: { rollingUpdate: object } }
  }
  const manifests = readdirSync(path.join(folder, 'kubernetes')).flatMap(name =>
    parseAllDocuments(read(`kubernetes/${name}`)).map(document => ({
      name,
      errors: document.errors,
      manifest: document.toJS() as Manifest,
    })),
  )
  const find = (kind: string, name: string) =>
    manifests.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name)!.manifest

  it('are what Kubernetes takes', () => {
    expect(manifests.length).toBeGreaterThan(10)
    for (const { name, errors, manifest } of manifests) {
      expect(errors, name).toEqual([])
      expect(manifestFault(manifest), `${name}: ${manifest.kind}`).toBe('')
      if (manifest.kind !== 'Namespace') expect(manifest.metadata.namespace, name).toBe('diemcau')
    }
    const wrong = structuredClone(find('DaemonSet', 'sfu')) as unknown as {
      spec: { template: { spec: object } }
    }
    Object.assign(wrong.spec.template.spec, { hostNetwork: 'yes' })
    expect(manifestFault(wrong)).toContain('hostNetwork')
  })

  it('run a media server a machine on its network, drained one after the other with enough time', () => {
    const { template, updateStrategy } = find('DaemonSet', 'sfu').spec
    expect(template.spec.hostNetwork).toBe(true)
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(STOP_S)
    expect(updateStrategy.rollingUpdate).toEqual({ maxUnavailable: 1, maxSurge: 0 })
  })

  it('lead people to what says that it is ready, and give no secret to who needs it not', () => {
    const ports = { sfu: 7880, recordings: 7980, portal: 3000 }
    for (const [name, port] of Object.entries(ports)) {
      const { spec } = find(name === 'sfu' ? 'DaemonSet' : 'Deployment', name).spec.template
      const [container] = spec.containers
      expect(container?.readinessProbe.httpGet, name).toEqual({ path: '/readyz', port })
      const names = container!.env.map(variable => variable.name)
      expect(names, name).toContain('NODE_NAME')
      expect(names.includes('DATABASE_URL'), name).toBe(name === 'portal')
      expect(names.includes('CLUSTER_SECRET'), name).toBe(name === 'sfu')
    }
  })

  it('set nothing that .env.example does not have', () => {
    const example = readFileSync(path.join(folder, '../.env.example'), 'utf8')
    const settings = new Set([...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name))
    // Of the manifests' and the compose file's own.
    for (const own of ['HOST_IP', 'POD_IP', 'REDIS_PASSWORD', 'REDIS_BIND', 'POSTGRES_PASSWORD'])
      settings.add(own)
    const { data } = find('ConfigMap', 'diemcau') as unknown as { data: object }
    const pods = manifests.flatMap(({ manifest }) => manifest.spec?.template?.spec.containers ?? [])
    const set = [
      ...Object.keys(data),
      ...Object.keys(find('Secret', 'diemcau').stringData ?? {}),
      ...pods.flatMap(({ env }) => env.map(({ name }) => name)),
      ...[...read('compose/env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name),
    ]
    expect(set.filter(name => !settings.has(name))).toEqual([])
  })

  it('hold no secret of their own', () => {
    const { stringData } = find('Secret', 'diemcau')
    const secrets = Object.entries(stringData ?? {}).filter(([name]) => !name.endsWith('_URL'))
    expect(secrets.length).toBeGreaterThan(3)
    for (const [name, value] of secrets) expect(value, name).toBe('')
  })
})
