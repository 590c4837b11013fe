/**
 * Who takes over a connection that asks for another protocol: the floor's sockets, Next's hot reloader (without which
 * unbuilt pages never come to life in the browser), or nobody. Compared as text: a request line may be anything, and
 * what throws here ends the process.
 */
export function upgradeOwner(url: string | undefined, dev: boolean): 'floor' | 'pages' | null {
  if (url?.startsWith('/socket.io/')) return 'floor'
  return dev && url?.startsWith('/_next/') ? 'pages' : null
}
