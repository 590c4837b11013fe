import { expect, it } from 'vitest'
import { type StoryEvent, storyFaults } from './webhook-story.ts'

/** `event` or `event:identity`, each with an id of its own unless one is given after `#`. */
const story = (text: string, roomSid = 'RM_1'): StoryEvent[] =>
  text.split(' ').map((word, index) => {
    const [name = '', id = `${roomSid}-${index}`] = word.split('#')
    const [event = '', identity = ''] = name.split(':')
    const full = {
      joined: 'participant_joined',
      left: 'participant_left',
      aborted: 'participant_connection_aborted',
    }
    return {
      id,
      event: full[event as keyof typeof full] ?? event,
      roomSid,
      sid: identity && `PA_${identity}`,
      identity,
    }
  })

it('has nothing against a story that is whole, with repeats of an id, and rooms one after the other', () => {
  expect(
    storyFaults([
      ...story(
        'room_started joined:an#a joined:an#a track_published:an joined:binh left:an aborted:chi left:binh room_finished',
      ),
      ...story('room_started joined:an left:an room_finished', 'RM_2'),
    ]),
  ).toEqual([])
})

it.each([
  ['joined:an left:an room_finished', ['RM_1: room_started 0 times', 'RM_1: begins with participant_joined']],
  ['room_started joined:an room_finished', ['an PA_an: left 0 times']],
  [
    'room_started joined:an left:an left:an room_finished',
    ['an PA_an: left 2 times', 'an PA_an: participant_left after leaving'],
  ],
  ['room_started joined:an joined:an left:an room_finished', ['an PA_an: joined 2 times']],
  ['room_started left:an room_finished', ['an PA_an: joined 0 times']],
  [
    'room_started joined:an left:an track_unpublished:an room_finished',
    ['an PA_an: track_unpublished after leaving'],
  ],
  [
    'room_started track_published:an joined:an left:an room_finished',
    ['an PA_an: track_published before joining'],
  ],
  ['room_started joined:an aborted:an left:an room_finished', ['an PA_an: joined, and aborted as well']],
  ['room_started joined:an room_finished left:an', ['RM_1: ends with participant_left']],
])('finds what is wrong in %s', (text, faults) => {
  expect(storyFaults(story(text))).toEqual(faults)
})
