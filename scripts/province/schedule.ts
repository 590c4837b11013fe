/** Scheduling the province's meeting as a clerk does: by the portal's own actions, called as its pages call them. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { FormResult, MeetingInput } from '@diemcau/core/contracts/meeting.ts'
import type { HallInput } from '@diemcau/core/contracts/portal.ts'
import type { Db } from '@diemcau/prisma/client.ts'
import { signIn } from '../chaos/kills/portal-door.ts'
import { root } from '../lib/run.mjs'

const TIMEOUT_MS = 30_000
const LENGTH_MS = 4 * 3_600_000
/** Room for those who run it. */
const BESIDE = 10

export interface ProvinceMeeting {
  id: string
  code: string
  passcode: string
  /** Endpoints in protocol order, each with the code that its hall is told. */
  halls: { endpointId: string; name: string; code: string }[]
  /** Cookies of the chair. */
  chairCookie: string
  /** Undefined unless its places had to be raised in the database: no page of the portal does. */
  raisedPlaces: number | undefined
}

/**
 * Adds the halls that are missing as an administrator, and schedules a recorded meeting with a lobby that begins now as a clerk.
 *
 * @throws Error when the portal refuses
 */
export async function scheduleProvince(options: {
  portalUrl: string
  db: Db
  password: string
  halls: number
  delegates: number
}): Promise<ProvinceMeeting> {
  const { portalUrl, db, password, halls, delegates } = options
  const sessionOf = (local: string) => signIn(portalUrl, `${local}@demo.local`, password)
  const [admin, clerk, chairCookie] = [
    await sessionOf('admin'),
    await sessionOf('clerk'),
    await sessionOf('chair'),
  ]
  await addHalls(options, admin)
  const chosen = await db.hall.findMany({ where: { validTo: null }, orderBy: { order: 'asc' }, take: halls })
  const chair = await db.user.findUniqueOrThrow({ where: { email: 'chair@demo.local' } })
  const now = Date.now()
  const input: MeetingInput = {
    title: 'Họp trực tuyến toàn tỉnh',
    kind: 'meeting',
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + LENGTH_MS).toISOString(),
    chairId: chair.id,
    secretaryId: null,
    hallIds: chosen.map(({ id }) => id),
    userIds: [],
    emails: [],
    agenda: '',
    description: '',
    guestsAllowed: true,
    watchAllowed: false,
    lobby: true,
    recorded: true,
  }
  const id = await callAction(portalUrl, clerk, '/meetings/new', 'saveMeeting', [null, input])
  const people = halls + delegates + BESIDE
  const { capacity } = await db.meeting.findUniqueOrThrow({ where: { id } })
  const raisedPlaces = people > capacity ? people : undefined
  if (raisedPlaces !== undefined) await db.meeting.update({ where: { id }, data: { capacity: raisedPlaces } })
  const { code, passcode, endpoints } = await db.meeting.findUniqueOrThrow({
    where: { id },
    include: { endpoints: { orderBy: { order: 'asc' } } },
  })
  return {
    id,
    code,
    passcode,
    halls: endpoints.map(one => ({ endpointId: one.id, name: one.hallName, code: one.code })),
    chairCookie,
    raisedPlaces,
  }
}

async function addHalls(
  { portalUrl, db, halls }: { portalUrl: string; db: Db; halls: number },
  cookie: string,
): Promise<void> {
  const there = await db.hall.count({ where: { validTo: null } })
  const unit = await db.unit.findFirstOrThrow({ orderBy: { order: 'asc' } })
  for (let number = there + 1; number <= halls; number++) {
    const hall: HallInput = {
      id: null,
      name: `Điểm cầu số ${number}`,
      unitId: unit.id,
      address: '',
      order: number,
      contactName: '',
      contactEmail: '',
      contactPhone: '',
    }
    await callAction(portalUrl, cookie, '/halls', 'saveHallValues', [hall])
  }
}

interface Actions {
  node: Record<string, { exportedName?: string }>
}

/**
 * Calls a server action of the built portal as the page in a browser does: its id comes from the build, its answer is a line of
 * React's stream.
 *
 * @returns the id of what was saved
 */
async function callAction(
  portalUrl: string,
  cookie: string,
  page: string,
  name: string,
  args: readonly unknown[],
): Promise<string> {
  const manifest = path.join(root, 'web/.next/server/server-reference-manifest.json')
  const { node } = JSON.parse(await readFile(manifest, 'utf8')) as Actions
  const action = Object.entries(node).find(([, { exportedName }]) => exportedName === name)?.[0]
  if (action === undefined) throw new Error(`the built portal has no action ${name}`)
  const response = await fetch(`${portalUrl}${page}`, {
    method: 'POST',
    headers: {
      'next-action': action,
      'content-type': 'text/plain;charset=UTF-8',
      accept: 'text/x-component',
      origin: portalUrl,
      cookie,
    },
    body: JSON.stringify(args),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const result = readAnswer(await response.text())
  if (result === undefined) throw new Error(`${name} was answered ${response.status}, without a result`)
  if (!result.ok) throw new Error(`${name} was refused: ${result.message} ${JSON.stringify(result.fields)}`)
  return result.id
}

/** The first line names the one that holds the result: `0:{"a":"$@1",…}`. */
export function readAnswer(stream: string): FormResult | undefined {
  const line = /^0:.*?"a":"\$@([0-9a-f]+)"/m.exec(stream)?.[1]
  const text = line === undefined ? undefined : new RegExp(`^${line}:(\\{.*\\})$`, 'm').exec(stream)?.[1]
  return text === undefined ? undefined : (JSON.parse(text) as FormResult)
}
