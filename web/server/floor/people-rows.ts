import { Prisma } from '@diemcau/prisma/client.ts'

interface Person {
  meetingId: string
  identity: string
}

/** People as rows of a query: `FROM ${peopleRows(people)}`, a table `people` with their "meetingId" and "identity". */
export const peopleRows = (people: readonly Person[]): Prisma.Sql =>
  Prisma.sql`unnest(${people.map(p => p.meetingId)}::text[], ${people.map(p => p.identity)}::text[])
    AS people("meetingId", "identity")`
