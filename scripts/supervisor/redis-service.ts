/** The Redis of a cluster on one machine: its settings in a file of its own, and whether it answers. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import path from 'node:path'
import { SetupError } from '../lib/log.mjs'

/**
 * Writes `redis.conf` and says how to start the server.
 *
 * @param options.folder for its settings and its data; created when missing
 * @param options.binary REDIS_SERVER, or Debian's
 * @throws SetupError when there is no redis-server
 */
export function redisCommand(options: { folder: string; port: number; password: string; binary: string }): {
  command: string
  args: string[]
} {
  const { folder, port, password, binary } = options
  if (!existsSync(binary))
    throw new SetupError(
      `There is no redis-server at ${binary}: install Redis 7, or set REDIS_SERVER or REDIS_URL.`,
    )
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'redis.conf')
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${JSON.stringify(folder)}`,
    `requirepass ${password}`,
    // What is acknowledged is kept, and nothing is thrown away when memory is full (docs/cluster.md).
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    'daemonize no',
    '',
  ]
  // With the password in it the file is the owner's alone; on the command line everybody could read it.
  writeFileSync(file, lines.join('\n'), { mode: 0o600 })
  return { command: binary, args: [file] }
}

/** True when a Redis on this machine answers PING; one that is loading its data does not yet. */
export function redisAnswers(port: number, password: string, timeoutMs = 1_000): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ host: '127.0.0.1', port })
    let answer = ''
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.setTimeout(timeoutMs, () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`))
    socket.on('data', chunk => {
      answer += chunk
      if (answer.includes('+PONG')) end(true)
      else if (answer.includes('\n-')) end(false)
    })
  })
}
