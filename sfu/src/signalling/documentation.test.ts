/**
 * docs/signalling.md against the protocol: every message, field, grant, API method and webhook has a row, every row a
 * test or a reason, and every test named is there. What the protocol has is read from @livekit/protocol's descriptors
 * and, where it has none (grants, methods, events), from livekit-server-sdk as it is published.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as protocol from '@livekit/protocol'
import { describe, expect, it } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const SDK = path.dirname(fileURLToPath(import.meta.resolve('livekit-server-sdk')))
const doc = readFileSync(path.join(ROOT, 'docs/signalling.md'), 'utf8')

interface Row {
  section: string
  /** Names in backticks in the first cell. */
  names: string[]
  /** Names in backticks in those between it and the last. */
  told: Set<string>
  last: string
}

/** All rows of tables whose last column is that of tests. */
function readRows(): Row[] {
  const rows: Row[] = []
  let section = ''
  let isOurs = false
  for (const line of doc.split('\n')) {
    if (/^#+ /.test(line)) section = line.replace(/^#+ /, '')
    if (!line.startsWith('|')) isOurs = false
    else if (line.endsWith('| Test, or why not |')) isOurs = true
    else if (isOurs && !line.startsWith('|--')) {
      // A bar inside a cell is written \|.
      const cells = line.split(/(?<!\\)\|/).slice(1, -1)
      const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1] ?? '')
      rows.push({
        section,
        names: quoted(cells[0] ?? ''),
        told: new Set(cells.slice(1, -1).flatMap(quoted)),
        last: cells.at(-1)?.trim() ?? '',
      })
    }
  }
  return rows
}

const rows = readRows()
const named = (section: string) =>
  new Set(rows.filter(row => row.section.startsWith(section)).flatMap(row => row.names))
const missing = (wanted: Iterable<string>, present: Set<string>) =>
  [...wanted].filter(name => !present.has(name))

interface Field {
  localName: string
  kind: string
  T?: unknown
  V?: { kind: string; T?: unknown }
}
interface MessageType {
  typeName: string
  fields: { list(): Field[] }
}
const isMessage = (value: unknown): value is MessageType =>
  typeof value === 'function' && 'typeName' in value && 'fields' in value
const exported: Record<string, unknown> = { ...protocol }
const fieldsOf = (name: string): string[] => {
  const type = exported[name]
  if (!isMessage(type)) throw new Error(`${name} is no message of @livekit/protocol`)
  return type.fields.list().map(field => field.localName)
}

/** What belongs to services that are not part of this server, to recordings, or to protobuf itself. */
const FOREIGN = /Egress|Ingress|RoomAgent|^livekit\.Job|^google\./

/** Every message that can be met in signalling, on a data channel, in RoomService or in a webhook. */
function messagesMet(): MessageType[] {
  const met = new Map<string, MessageType>()
  const visit = (type: unknown) => {
    if (!isMessage(type) || met.has(type.typeName) || FOREIGN.test(type.typeName)) return
    met.set(type.typeName, type)
    for (const field of type.fields.list()) visit(field.kind === 'map' ? field.V?.T : field.T)
  }
  const roots = ['SignalRequest', 'SignalResponse', 'WrappedJoinRequest', 'JoinRequest', 'WebhookEvent']
  // The last two stand inside of what is encrypted, and in the header of a data track's packet.
  roots.push('DataPacket', 'EncryptedPacketPayload', 'DataTrackExtensionParticipantSid')
  for (const root of roots) visit(exported[root])
  // Those of RoomService are in a file of their own.
  const file = path.dirname(fileURLToPath(import.meta.resolve('@livekit/protocol')))
  const declared = readFileSync(path.join(file, '../src/gen/livekit_room_pb.d.ts'), 'utf8')
  for (const [, name] of declared.matchAll(/^export declare class (\w+) extends/gm))
    visit(exported[name ?? ''])
  return [...met.values()]
}

/** The names a union or interface of the SDK's declarations has. */
const declaration = (file: string) => readFileSync(path.join(SDK, file), 'utf8')
const interfaceFields = (name: string): string[] => {
  const body =
    new RegExp(`interface ${name}[^{]*\\{([^]*?)\\n\\}`).exec(declaration('grants.d.ts'))?.[1] ?? ''
  return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(match => match[1] ?? '')
}
/** Methods a client of the SDK calls: `rpc.request(svc, 'Name', ...)`. */
const methodsOf = (client: string): string[] => {
  const code = declaration(`${client}.js`)
  return [...code.matchAll(/\brequest\(\s*svc,\s*"(\w+)"/g)].map(match => match[1] ?? '')
}

/** `file.test.ts` “part of a title”, “of another”. */
const testsNamedIn = (text: string): { file: string; titles: string[] }[] =>
  [...text.matchAll(/`(?:[\w/-]+\/)?([\w.-]+\.test\.ts)`((?:,? “[^”]+”)*)/g)].map(
    ([, file = '', titles = '']) => ({
      file,
      titles: [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title),
    }),
  )

/** The titles in each test file, by its name: what follows it(, test(, describe( or the table of an it.each(. */
function testTitles(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const folder of ['sfu/src', 'sfu/test', 'recordings/src', 'recordings/test', 'core/src'])
    for (const entry of readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.test.ts')) continue
      const code = readFileSync(path.join(entry.parentPath, entry.name), 'utf8')
      const calls = code.matchAll(
        /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1\s*,/g,
      )
      found.set(entry.name, [
        ...(found.get(entry.name) ?? []),
        ...[...calls].map(([, , title = '']) => title),
      ])
    }
  return found
}

describe('docs/signalling.md', () => {
  it('has a row for every signal request, response and scenario', () => {
    expect(missing(fieldsOf('SignalRequest'), named('From the client'))).toEqual([])
    expect(missing(fieldsOf('SignalResponse'), named('To the client'))).toEqual([])
    expect(missing(fieldsOf('SimulateScenario'), named('Scenarios'))).toEqual([])
  })

  it('tells of every field of every message that can be met', () => {
    const rowOf = new Map<string, Row>()
    for (const row of rows.filter(({ section }) => section === 'Fields'))
      for (const name of row.names) rowOf.set(name, row)
    // Whole tables are theirs.
    for (const name of ['SignalRequest', 'SignalResponse', 'SimulateScenario']) rowOf.delete(name)
    const untold = messagesMet()
      .map(type => ({ name: type.typeName.replace('livekit.', ''), fields: type.fields.list() }))
      .filter(({ name }) => !['SignalRequest', 'SignalResponse', 'SimulateScenario'].includes(name))
      .flatMap(({ name, fields }) => {
        const row = rowOf.get(name)
        if (!row) return [`${name} has no row`]
        return fields.filter(({ localName }) => !row.told.has(localName)).map(f => `${name}.${f.localName}`)
      })
    expect(untold).toEqual([])
  })

  it('has a row for every claim and grant', () => {
    const claims = interfaceFields('ClaimGrants')
    expect(claims.length).toBeGreaterThan(6)
    expect(missing(claims, named('Tokens'))).toEqual([])
    const grants = interfaceFields('VideoGrant')
    expect(grants.length).toBeGreaterThan(15)
    expect(missing(grants, named('VideoGrant'))).toEqual([])
  })

  it('has a row for every method of every service, and for every webhook', () => {
    const rooms = [...methodsOf('RoomServiceClient'), 'PerformRpc']
    expect(rooms.length).toBeGreaterThan(10)
    expect(missing(rooms, named('RoomService'))).toEqual([])
    for (const client of ['Egress', 'Ingress', 'Sip', 'AgentDispatch', 'Connector']) {
      const methods = methodsOf(`${client}Client`)
      expect(methods.length).toBeGreaterThan(2)
      expect(missing(methods, named('Other services'))).toEqual([])
    }
    const union = /type WebhookEventNames = ([^;]*)/.exec(declaration('WebhookReceiver.d.ts'))?.[1] ?? ''
    const events = [...union.matchAll(/'(\w+)'/g)].map(match => match[1] ?? '')
    expect(events.length).toBeGreaterThan(8)
    expect(missing(events, named('Webhooks'))).toEqual([])
  })

  it('has a row for every parameter of a join that is read', () => {
    const code = readFileSync(path.join(ROOT, 'sfu/src/room/base/claims.ts'), 'utf8')
    const read = [...code.matchAll(/\b(?:text|flag|count)\('(\w+)'/g)].map(match => match[1] ?? '')
    expect(read.length).toBeGreaterThan(15)
    expect(missing(read, named('The query of'))).toEqual([])
  })

  it('names a test that is there, or a reason, in every row', () => {
    const wrong: string[] = []
    for (const { names, last } of rows) {
      const isReason = last.startsWith('no: ') && last.length > 10
      const tests = testsNamedIn(last)
      // A whole file shows a row only where it is one story in a browser.
      const isShown = tests.some(({ file, titles }) => titles.length > 0 || file.endsWith('.int.test.ts'))
      if (!isReason && !isShown) wrong.push(`${names.join()}: neither test nor reason`)
    }
    expect(wrong).toEqual([])
    expect(rows.length).toBeGreaterThan(100)
  })

  it('names files and titles of tests that are there, also between the tables', () => {
    const titlesOf = testTitles()
    const wrong: string[] = []
    const named = testsNamedIn(doc)
    for (const { file, titles } of named) {
      const present = titlesOf.get(file)
      if (!present) wrong.push(`no file ${file}`)
      for (const title of titles)
        if (present && !present.some(other => other.includes(title)))
          wrong.push(`${file} has no test “${title}”`)
    }
    expect(wrong).toEqual([])
    expect(named.length).toBeGreaterThan(200)
  })
})
