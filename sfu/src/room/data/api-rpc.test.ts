/** What may come back from a call besides an answer or an error, which room-registry.test.ts has. */
import {
  DataPacket,
  DataPacket_Kind,
  EncryptedPacket,
  RpcAck,
  RpcError,
  RpcResponse,
} from '@livekit/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Client, received, useTimedRooms } from '../../../test/room-support/test-room.ts'

const { rooms, wait } = useTimedRooms()
let an: Client
beforeEach(async () => {
  an = await rooms.join('an')
})

const say = (value: DataPacket['value']) =>
  an.peer.listener.onData('reliable', new DataPacket({ kind: DataPacket_Kind.RELIABLE, value }).toBinary())

/** Calls a method and returns the call's id, and how it ends. */
function call() {
  const outcome = rooms.registry
    .performRpc('R', 'an', { method: 'greet', payload: '', timeoutMs: 0 })
    .catch((error: { code: string; message: string }) => [error.code, error.message])
  const packet = received(an).at(-1)?.packet
  return { outcome, requestId: packet?.value.case === 'rpcRequest' ? packet.value.value.id : '' }
}

describe('a call', () => {
  it('with more than 15 KiB is refused before anybody hears of it', async () => {
    const perform = (bytes: number) =>
      rooms.registry.performRpc('R', 'an', { method: 'greet', payload: 'x'.repeat(bytes), timeoutMs: 10 })
    await expect(perform(15 * 1024 + 1)).rejects.toMatchObject({ code: 'malformed' })
    expect(received(an)).toEqual([])
    const accepted = expect(perform(15 * 1024)).rejects.toMatchObject({ code: 'canceled' })
    expect(received(an)).toHaveLength(1)
    await wait(20)
    await accepted
  })
})

describe('an answer to a call', () => {
  it('that is compressed is refused in words: no client makes one, and the protocol does not say how', async () => {
    const { outcome, requestId } = call()
    const value = { case: 'compressedPayload' as const, value: new Uint8Array([0x4b, 0x04, 0x00]) }
    say({ case: 'rpcResponse', value: new RpcResponse({ requestId, value }) })
    expect(await outcome).toEqual(['unimplemented', 'RpcError 1404: the answer is compressed'])
  })

  it('without a value this server knows is of a newer protocol', async () => {
    const { outcome, requestId } = call()
    say({ case: 'rpcResponse', value: new RpcResponse({ requestId }) })
    expect(await outcome).toEqual(['unimplemented', 'RpcError 1404: Unsupported RPC version'])
  })

  it('that names a code of the protocol is that failure to the caller, and else the method’s own', async () => {
    const codes = [
      [1400, 'invalid_argument'],
      [1402, 'malformed'],
      [1501, 'canceled'],
      [1503, 'unavailable'],
      [1500, 'rpc_failed'],
      [7, 'rpc_failed'],
    ] as const
    for (const [code, name] of codes) {
      const { outcome, requestId } = call()
      const error = new RpcError({ code, message: 'why' })
      const value = { case: 'error' as const, value: error }
      say({ case: 'rpcResponse', value: new RpcResponse({ requestId, value }) })
      expect(await outcome).toEqual([name, `RpcError ${code}: why`])
    }
  })

  it('may be empty', async () => {
    const { outcome, requestId } = call()
    say({ case: 'rpcResponse', value: new RpcResponse({ requestId, value: { case: 'payload', value: '' } }) })
    expect(await outcome).toBe('')
  })

  it('that is encrypted cannot be read: the call ends as one without an answer', async () => {
    const { outcome } = call()
    say({ case: 'encryptedPacket', value: new EncryptedPacket({ encryptedValue: new Uint8Array(40) }) })
    await wait(7_100)
    expect(await outcome).toEqual(['canceled', 'RpcError 1501: Connection timeout'])
  })

  it('waits ten seconds when the caller names no time, and a minute at most', async () => {
    const { outcome, requestId } = call()
    say({ case: 'rpcAck', value: new RpcAck({ requestId }) })
    await wait(10_100)
    expect(await outcome).toEqual(['canceled', 'RpcError 1502: Response timeout'])
    const packetOf = () => received(an).at(-1)?.packet.value.value
    void rooms.registry
      .performRpc('R', 'an', { method: 'greet', payload: '', timeoutMs: 600_000 })
      .catch(() => {})
    expect(packetOf()).toMatchObject({ responseTimeoutMs: 60_000 })
  })
})
