/** What comes with a join: the query beside the token, the renewed token, the region it may go to. */
import type { IncomingMessage } from 'node:http'
import { RoomConfiguration } from '@livekit/protocol'
import { AccessToken } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { defaultJoinQuery, parseJoinQuery } from '../room/claims.ts'
import { claimsForJoin } from './join-claims.ts'
import { createTokenMinter } from './mint-token.ts'
import { regionSettings } from './region-settings.ts'
import { createTokenVerifier } from './verify-token.ts'

const KEY = { key: 'k', secret: 'a-secret-of-a-test-that-is-long-enough' }
const verify = createTokenVerifier([KEY])
const claims = {
  identity: 'an',
  name: 'An',
  metadata: 'm',
  attributes: { role: 'chair', seat: '1' },
  kind: 'sip',
  kindDetails: ['connector_twilio'],
  expiresAtS: 0,
  notBeforeS: 0,
  video: { roomJoin: true, room: 'MT_1' },
}

describe('the query of a join', () => {
  it('is read in full, with defaults for what is missing or no number', () => {
    const query = parseJoinQuery(
      new URLSearchParams({
        auto_subscribe: '0',
        adaptive_stream: '1',
        protocol: '17',
        client_protocol: '2',
        capabilities: 'CAP_PACKET_TRAILER, CAP_NEW,',
        subscriber_allow_pause: '0',
        auto_subscribe_data_track: 'false',
        attributes: Buffer.from('{"a":"1","b":2}').toString('base64url'),
        publish: 'screen',
        reconnect_reason: 'x',
      }),
    )
    expect(query).toMatchObject({
      autoSubscribe: false,
      adaptiveStream: true,
      protocol: 17,
      clientProtocol: 2,
      capabilities: ['CAP_PACKET_TRAILER', 'CAP_NEW'],
      subscriberAllowPause: false,
      autoSubscribeDataTrack: false,
      attributes: { a: '1' },
      publish: 'screen',
      reconnectReason: 0,
    })
    expect(parseJoinQuery(new URLSearchParams())).toEqual(defaultJoinQuery)
    for (const attributes of ['%%%', 'bnVsbA', Buffer.from('[').toString('base64url')])
      expect(parseJoinQuery(new URLSearchParams({ attributes })).attributes).toEqual({})
  })

  it('adds attributes only for those who may change their own, and deletes none', () => {
    const query = { ...defaultJoinQuery, attributes: { seat: '7', role: '' } }
    expect(() => claimsForJoin(claims, query)).toThrow('does not allow own attributes')
    const allowed = { ...claims, video: { ...claims.video, canUpdateOwnMetadata: true } }
    expect(claimsForJoin(allowed, query).attributes).toEqual({ role: 'chair', seat: '7' })
    expect(allowed.attributes.seat).toBe('1')
  })

  it('makes a second connection that only publishes, under a name of its own', () => {
    const query = { ...defaultJoinQuery, publish: 'screen' }
    expect(claimsForJoin(claims, query)).toMatchObject({
      identity: 'an#screen',
      video: { canSubscribe: false },
    })
    expect(claimsForJoin({ ...claims, identity: 'an#screen' }, query).identity).toBe('an#screen')
    const silent = { ...claims, video: { ...claims.video, canPublish: false } }
    expect(() => claimsForJoin(silent, query)).toThrow('does not allow publishing')
  })
})

describe('a renewed token', () => {
  it('is taken by the verifier and says what it was told to, for so long', async () => {
    const roomConfig = new RoomConfiguration({ maxParticipants: 7, metadata: 'x' })
    const mint = createTokenMinter(KEY)
    const { expiresAtS: _, notBeforeS: __, ...contents } = { ...claims, roomConfig }
    const verified = await verify(await mint(contents, 600))
    const { expiresAtS, notBeforeS, ...rest } = verified
    expect(rest).toEqual(contents)
    expect(expiresAtS - notBeforeS).toBe(600)
  })
})

describe('a token of the stock server SDK', () => {
  it('may carry a RoomConfiguration, which must be one', async () => {
    const token = new AccessToken(KEY.key, KEY.secret, { identity: 'an' })
    token.addGrant({ roomJoin: true, room: 'MT_1', destinationRoom: 'MT_2', canManageAgentSession: true })
    token.roomConfig = new RoomConfiguration({ emptyTimeout: 5 }) as never
    const verified = await verify(await token.toJwt())
    expect(verified.roomConfig?.emptyTimeout).toBe(5)
    expect(verified.video).toMatchObject({ destinationRoom: 'MT_2', canManageAgentSession: true })
    token.roomConfig = { maxParticipants: 'many' } as never
    await expect(verify(await token.toJwt())).rejects.toThrow('roomConfig is malformed')
  })
})

describe('the regions', () => {
  const request = (headers: IncomingMessage['headers']) => ({ headers }) as IncomingMessage
  it('are this node at the address the client used, behind a trusted proxy too', () => {
    const headers = { host: 'media.example.vn', 'x-forwarded-proto': 'https' }
    const urlOf = (isTrusted: boolean) =>
      JSON.parse(regionSettings(request(headers), isTrusted)).regions[0].url
    expect(urlOf(true)).toBe('wss://media.example.vn')
    expect(urlOf(false)).toBe('ws://media.example.vn')
  })
})
