import { describe, expect, it } from 'vitest'
import { floorSuite } from './floor-suite.ts'
import { device, eventually } from './portal.ts'

const floor = floorSuite()
const { enter, connect, sit } = floor

describe('the public page', () => {
  it('gets no chat, no hands of others and no lobby: live, caught up, or in the snapshot', async () => {
    await floor.portal.runtime.db.meeting.update({
      where: { id: floor.meeting.id },
      data: { viewersMayRaiseHand: true, viewersMayAsk: true },
    })
    const chair = await sit(floor.portal.actors.chair)
    const official = await sit(floor.portal.actors.official1)
    const { ticket } = await enter(null, { as: 'viewer', deviceId: device() })
    const viewer = connect(ticket)
    await eventually(() => expect(viewer.snapshots).toHaveLength(1))

    await official.send({ type: 'chat_send', text: 'chuyện trong phòng' })
    await official.send({ type: 'hand_raise' })
    await enter(null, { name: 'Ông Chờ' })
    await viewer.send({ type: 'question_ask', text: 'Đường bao giờ xong?' })
    await viewer.send({ type: 'hand_raise' })
    await chair.send({ type: 'spotlight', identity: 'user:US_official1' })

    const seen = ['question_asked', 'hand_raised', 'spotlighted']
    await eventually(() => expect(viewer.typesBesideList()).toEqual(seen))
    expect(JSON.stringify(viewer.events)).not.toContain('chuyện trong phòng')
    // Of the speaking list it has its own wish, and that others wait.
    expect(JSON.stringify(viewer.events)).not.toContain('Hội trường')
    const all = [
      'chat_sent',
      'hand_raised',
      'lobby_requested',
      'question_asked',
      'hand_raised',
      'spotlighted',
    ]
    await eventually(() => expect(chair.typesBesideList()).toEqual(all))
    await eventually(() =>
      expect(official.typesBesideList()).toEqual(['chat_sent', 'hand_raised', 'hand_raised', 'spotlighted']),
    )

    const back = connect(ticket, 0)
    await eventually(() => expect(back.typesBesideList()).toEqual(seen))
    const late = connect(ticket)
    await eventually(() => expect(late.snapshots).toHaveLength(1))
    const [snapshot] = late.snapshots
    expect(snapshot!.chat).toEqual([])
    expect(snapshot!.hands.map(hand => hand.identity)).toEqual([snapshot!.you.identity])
    expect(snapshot!.speaking.turns.map(turn => turn.identity)).toEqual([snapshot!.you.identity])
    expect(snapshot!.speaking.places).toHaveLength(2)
    expect(snapshot!.questions).toHaveLength(1)
    expect(snapshot!.lobby).toEqual([])
  })

  it('asks no more for having many identities: questions count by network', async () => {
    await floor.portal.runtime.db.meeting.update({
      where: { id: floor.meeting.id },
      data: { viewersMayAsk: true },
    })
    const viewers = await Promise.all(
      Array.from({ length: 40 }, () => sit(null, { as: 'viewer', deviceId: device() })),
    )
    const answers = await Promise.all(viewers.map(v => v.send({ type: 'question_ask', text: 'Hỏi' })))
    const asked = answers.filter(answer => answer.ok).length
    expect(asked).toBeGreaterThanOrEqual(30)
    expect(asked).toBeLessThan(36)
    expect(answers.find(answer => !answer.ok)).toMatchObject({ code: 'rate_limited' })
  })
})
