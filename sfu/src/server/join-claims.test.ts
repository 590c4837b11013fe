/** What comes with a join: the query beside the token, the renewed token, the region it may go to. */
import { RoomConfiguration } from '@livekit/protocol'
import { AccessToken, type VideoGrant } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { defaultJoinQuery, parseJoinQuery } from '../room/base/claims.ts'
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

  it('reads nothing of the query that says who somebody is', () => {
    const asked = {
      identity: 'chair',
      name: 'Chair',
      metadata: 'x',
      kind: 'agent',
      hidden: '1',
      recorder: '1',
    }
    const query = parseJoinQuery(
      new URLSearchParams({ ...asked, owner: 'chair', can_publish: '1', video: '{}' }),
    )
    expect(query).toEqual(defaultJoinQuery)
    expect(claimsForJoin(claims, query)).toEqual(claims)
  })

  it('adds attributes only for those who may change their own, and deletes none', () => {
    const query = { ...defaultJoinQuery, attributes: { seat: '7', role: '' } }
    expect(() => claimsForJoin(claims, query)).toThrow('does not allow own attributes')
    const allowed = { ...claims, video: { ...claims.video, canUpdateOwnMetadata: true } }
    expect(claimsForJoin(allowed, query).attributes).toEqual({ role: 'chair', seat: '7' })
    expect(allowed.attributes.seat).toBe('1')
  })

  it('makes a second connection that only publishes, for tokens with the grant of it', async () => {
    const query = { ...defaultJoinQuery, publish: 'screen' }
    const allowed = { ...claims, video: { ...claims.video, secondConnection: true } }
    expect(claimsForJoin(allowed, query)).toMatchObject({
      identity: 'an#screen',
      owner: 'an',
      video: { canSubscribe: false },
    })
    for (const video of [claims.video, { ...claims.video, canPublish: true, roomAdmin: true }])
      expect(() => claimsForJoin({ ...claims, video }, query)).toThrow('does not allow a second connection')
    const silent = { ...allowed, video: { ...allowed.video, canPublish: false } }
    expect(() => claimsForJoin(silent, query)).toThrow('does not allow publishing')
    expect(claimsForJoin(claims, defaultJoinQuery).owner).toBeUndefined()
    const token = new AccessToken(KEY.key, KEY.secret, { identity: 'an' })
    token.addGrant({ roomJoin: true, room: 'MT_1', secondConnection: true } as VideoGrant)
    expect((await verify(await token.toJwt())).video.secondConnection).toBe(true)
  })
})

describe('a renewed token', () => {
  it('is taken by the verifier and says what it was told to, for so long', async () => {
    const roomConfig = new RoomConfiguration({ maxParticipants: 7, metadata: 'x' })
    const mint = createTokenMinter(KEY)
    const nowS = Math.floor(Date.now() / 1000)
    const { expiresAtS: _, ...contents } = { ...claims, roomConfig, roomPreset: '', notBeforeS: nowS - 5_000 }
    const { expiresAtS, ...rest } = await verify(await mint(contents, 600))
    expect(rest).toEqual(contents)
    expect(expiresAtS - nowS).toBeGreaterThanOrEqual(600)
    expect(expiresAtS - nowS).toBeLessThan(610)
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
  it('are this node at the address the client used, as LiveKit writes them', () => {
    const regions = (isSecure: boolean) => JSON.parse(regionSettings('media.example.vn', isSecure)).regions
    expect(regions(true)).toEqual([{ region: 'local', url: 'wss://media.example.vn', distance: '0' }])
    expect(regions(false)[0].url).toBe('ws://media.example.vn')
  })

  it('are the other nodes after it, each once', () => {
    const others = ['wss://media.example.vn', 'wss://b.example.vn', 'wss://c.example.vn']
    const { regions } = JSON.parse(regionSettings('media.example.vn', true, others))
    expect(regions.map(({ url, distance }: { url: string; distance: string }) => [url, distance])).toEqual([
      ['wss://media.example.vn', '0'],
      ['wss://b.example.vn', '1'],
      ['wss://c.example.vn', '2'],
    ])
  })
})
