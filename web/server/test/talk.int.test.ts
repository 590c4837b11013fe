/** What was written in a meeting is read and exported after it, by those who answer for it. */
import { describe, expect, it } from 'vitest'
import { exportTalk } from '../talk/export-talk.ts'
import { readTalk } from '../talk/read-talk.ts'
import { floorSuite } from './floor-suite.ts'

const floor = floorSuite()
const { sit } = floor

async function endedMeeting() {
  const chair = await sit(floor.portal.actors.chair)
  const official = await sit(floor.portal.actors.official1)
  await official.send({ type: 'chat_send', text: 'Kính chào' })
  await official.send({ type: 'question_ask', text: 'Bao giờ sửa đường?\nXin trả lời.' })
  await official.send({ type: 'question_ask', text: '=1+1' })
  const { db } = floor.portal.runtime
  const first = await db.questionRow.findFirstOrThrow({
    where: { meetingId: floor.meeting.id },
    orderBy: { at: 'asc' },
  })
  await chair.send({ type: 'question_set_status', questionId: first.id, status: 'answered' })
  await chair.send({ type: 'end_meeting' })
  return floor.meeting.id
}

describe('questions and chat of a meeting that is over', () => {
  it('are read by the chair, the secretary and the clerk, each time with an audit row, and by nobody else', async () => {
    const id = await endedMeeting()
    const { actors, runtime } = floor.portal
    for (const actor of [actors.chair, actors.secretary, actors.clerk]) {
      const talk = await readTalk(actor, id)
      expect(talk.questions.map(q => [q.text, q.status, q.name])).toEqual([
        ['Bao giờ sửa đường?\nXin trả lời.', 'answered', 'Hội trường 1 – UBND tỉnh'],
        ['=1+1', 'open', 'Hội trường 1 – UBND tỉnh'],
      ])
      expect(talk.chat.map(m => m.text)).toEqual(['Kính chào'])
    }
    await expect(readTalk(actors.official1, id)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(readTalk(actors.stranger, id)).rejects.toMatchObject({ code: 'not_found' })
    const rows = await runtime.db.auditEntry.findMany({ where: { action: 'talk.read', subjectId: id } })
    expect(rows.map(r => r.actorId).sort()).toEqual(['US_chair', 'US_clerk', 'US_secretary'])
  })

  it('are taken along as CSV and XLSX with author, time, text and state', async () => {
    const id = await endedMeeting()
    const { actors, runtime } = floor.portal
    const csv = await exportTalk(actors.secretary, id, 'csv')
    expect(csv.filename).toMatch(/^Câu hỏi và tin nhắn Giao ban .*\.csv$/)
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(csv.body)
    expect(text.startsWith('\ufeff"STT","Loại","Thời gian","Người gửi","Nội dung","Tình trạng"\r\n')).toBe(
      true,
    )
    expect(text).toMatch(
      /1,"Câu hỏi","\d{4}-\d\d-\d\d \d\d:\d\d:\d\d","Hội trường 1 – UBND tỉnh","Bao giờ sửa đường\?\nXin trả lời\.","Đã trả lời"/,
    )
    expect(text).toContain('"Tin nhắn"')
    // CWE-1236: never a formula.
    expect(text).not.toContain('"=1+1"')
    const xlsx = await exportTalk(actors.clerk, id, 'xlsx')
    expect(Buffer.from(xlsx.body.subarray(0, 2)).toString()).toBe('PK')
    expect(await runtime.db.auditEntry.count({ where: { action: 'talk.exported', subjectId: id } })).toBe(2)
  })
})
