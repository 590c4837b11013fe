import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { build } from 'esbuild'

/** `livekit-client` of this repository, or an older one that is installed beside it under this name. */
export type ClientPackage = 'livekit-client' | 'livekit-client-2.5' | 'livekit-client-2.21'

/**
 * Serves the page that page.ts runs in, on the loopback: browsers give devices to http://127.0.0.1 as to https. Bundles are
 * made when they are asked for first.
 */
export class PageServer {
  readonly #server: Server
  readonly #bundles = new Map<string, Promise<string>>()

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request.url ?? '', response).catch(error => response.writeHead(500).end(String(error)))
    })
  }

  static async create(): Promise<PageServer> {
    const server = new PageServer()
    await new Promise<void>(resolve => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  /** Where the page with that client is. */
  urlOf(client: ClientPackage): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${client}/`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const [, client = '', file] = url.split('/')
    const entryPoint = {
      'page.js': path.join(import.meta.dirname, 'page.ts'),
      'e2ee-worker.js': `${client}/e2ee-worker`,
    }[file ?? '']
    response.setHeader('content-type', entryPoint === undefined ? 'text/html' : 'text/javascript')
    response.end(
      entryPoint === undefined
        ? '<!doctype html><title>test</title><body><script src="page.js"></script>'
        : await this.#bundleOf(entryPoint, client),
    )
  }

  #bundleOf(entryPoint: string, client: string): Promise<string> {
    const key = `${client} ${entryPoint}`
    let bundle = this.#bundles.get(key)
    if (bundle === undefined) {
      bundle = bundleOf(entryPoint, client)
      this.#bundles.set(key, bundle)
    }
    return bundle
  }
}

async function bundleOf(entryPoint: string, client: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
    absWorkingDir: import.meta.dirname,
    ...(client === 'livekit-client' ? {} : { alias: { 'livekit-client': client } }),
  })
  return outputFiles[0]?.text ?? ''
}
