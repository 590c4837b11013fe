import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Gate } from './gate.ts'

/** A server that keeps what it got, and a gate in front of it. */
async function open(sourceOf?: (port: number) => string | undefined) {
  const got: string[] = []
  const ended: Socket[] = []
  const server = createServer(socket => {
    socket.on('data', chunk => {
      got.push(String(chunk))
      socket.write(`had ${chunk}`)
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => ended.push(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const gate = await Gate.to((server.address() as AddressInfo).port, sourceOf)
  onTestFinished(async () => {
    await gate.close()
    await new Promise(resolve => server.close(resolve))
  })
  const join = () => {
    const heard: string[] = []
    const socket = connect(gate.port, '127.0.0.1')
    socket.on('data', chunk => heard.push(String(chunk)))
    socket.on('error', () => socket.destroy())
    onTestFinished(() => void socket.destroy())
    return { socket, heard }
  }
  return { gate, got, ended, join }
}

it('holds what is sent while it is cut, tells nobody, and delivers it afterwards', async () => {
  const { gate, got, ended, join } = await open()
  const { socket, heard } = join()
  socket.write('one')
  await vi.waitFor(() => expect(heard.join()).toBe('had one'))
  gate.cut()
  socket.write('two')
  const late = join()
  late.socket.write('three')
  await wait(100)
  expect(got.join()).toBe('one')
  expect([socket.destroyed, late.socket.destroyed, ended.length]).toEqual([false, false, 0])
  gate.open()
  await vi.waitFor(() => expect(got.toSorted()).toEqual(['one', 'three', 'two']))
  await vi.waitFor(() => expect(late.heard.join()).toBe('had three'))
})

it('lets the far end hear of an end only once it is open again', async () => {
  const { gate, ended, join } = await open()
  const { socket, heard } = join()
  socket.write('one')
  await vi.waitFor(() => expect(heard).toHaveLength(1))
  gate.cut()
  socket.resetAndDestroy()
  await wait(100)
  expect(ended).toHaveLength(0)
  gate.open()
  await vi.waitFor(() => expect(ended).toHaveLength(1))
})

it('cuts some and not others, by where they come from', async () => {
  // The first that comes is a, the second b.
  const names = ['b', 'a']
  const { gate, got, join } = await open(() => names.pop())
  const enter = async (name: string) => {
    const { socket, heard } = join()
    socket.write(`${name} is here`)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    return socket
  }
  const [a, b] = [await enter('a'), await enter('b')]
  gate.cut(source => source === 'a')
  a.write('from a')
  b.write('from b')
  await vi.waitFor(() => expect(got).toContain('from b'))
  await wait(50)
  expect(got).not.toContain('from a')
  gate.open()
  await vi.waitFor(() => expect(got).toContain('from a'))
})
