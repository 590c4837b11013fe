import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { build } from 'esbuild'

/** Serves the page that page.ts runs in, on the loopback: browsers give devices to http://127.0.0.1 as to https. */
export class PageServer {
  readonly origin: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async create(): Promise<PageServer> {
    const scripts = new Map([
      ['/page.js', await bundleOf(path.join(import.meta.dirname, 'page.ts'))],
      ['/e2ee-worker.js', await bundleOf('livekit-client/e2ee-worker')],
    ])
    const server = createServer((request, response) => {
      const script = scripts.get(request.url ?? '')
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script ?? '<!doctype html><title>test</title><body><script src="/page.js"></script>')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new PageServer(server)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

async function bundleOf(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
    absWorkingDir: import.meta.dirname,
  })
  return outputFiles[0]?.text ?? ''
}
