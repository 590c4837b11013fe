import { hash } from '@node-rs/argon2'
import type { Db } from '../src/client.ts'
import { communes, departments, PASSWORD, people, wards } from './province.ts'

export interface DemoHall {
  id: string
  name: string
  unitName: string
}

/** The province with its departments, wards and communes; one hall each. Returns the halls in protocol order. */
export async function seedOrganisation(db: Db): Promise<DemoHall[]> {
  const province = { id: 'UN_demo_province', name: 'UBND tỉnh Thái Nguyên', kind: 'province', order: 0 }
  await db.unit.upsert({ where: { id: province.id }, create: province, update: {} })
  const plan = [
    ...departments.map(([unit, hall]) => ({ unit, hall, kind: 'department' })),
    ...wards.map(name => ({ unit: `UBND phường ${name}`, hall: `Hội trường phường ${name}`, kind: 'ward' })),
    ...communes.map(name => ({ unit: `UBND xã ${name}`, hall: `Hội trường xã ${name}`, kind: 'commune' })),
  ]
  const halls: DemoHall[] = []
  for (const [index, { unit, hall, kind }] of plan.entries()) {
    const unitId = `UN_demo_${index}`
    const hallId = `HA_demo_${index}`
    await db.unit.upsert({
      where: { id: unitId },
      create: { id: unitId, name: unit, kind, order: index + 1, parentId: province.id },
      update: {},
    })
    await db.hall.upsert({
      where: { id: hallId },
      create: { id: hallId, name: hall, unitId, address: `${unit}, tỉnh Thái Nguyên` },
      update: {},
    })
    halls.push({ id: hallId, name: hall, unitName: unit })
  }
  return halls
}

/** Demo accounts; an account that is there already keeps what somebody changed, also its password. */
export async function seedPeople(db: Db): Promise<void> {
  const password = await hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  for (const person of people) {
    const id = `US_demo_${person.id}`
    await db.user.upsert({
      where: { id },
      create: {
        id,
        name: person.name,
        email: `${person.id}@demo.local`,
        emailVerified: true,
        role: person.role,
        title: person.title,
        hallId: person.hall === null ? null : `HA_demo_${person.hall}`,
        unitId: person.hall === null ? 'UN_demo_0' : `UN_demo_${person.hall}`,
      },
      update: {},
    })
    await db.account.upsert({
      where: { providerId_accountId: { providerId: 'credential', accountId: id } },
      create: { id: `AC_demo_${person.id}`, userId: id, providerId: 'credential', accountId: id, password },
      update: {},
    })
  }
}
