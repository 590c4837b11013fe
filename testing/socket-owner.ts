/** Which process has a TCP connection from a port of this machine. Linux only; of the caller's own processes. */
import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * @param port the local one of the connection, on 127.0.0.1
 * @param pids those it may belong to
 * @returns undefined when none of them has it
 */
export async function ownerOf(port: number, pids: readonly number[]): Promise<number | undefined> {
  const wanted = `socket:[${await inodeOf(port)}]`
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`
    const links = await Promise.all(
      (await readdir(folder).catch(() => [])).map(fd => readlink(`${folder}/${fd}`).catch(() => '')),
    )
    if (links.includes(wanted)) return pid
  }
  return undefined
}

/** proc_net_tcp(5): local address, remote address, state …, inode; addresses in hexadecimal, IPv4 in the order of the host. */
async function inodeOf(port: number): Promise<string | undefined> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map(line => line.trim().split(/\s+/))
  return rows.find(columns => columns[1] === local)?.[9]
}
