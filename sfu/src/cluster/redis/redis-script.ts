import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** One atomic step inside Redis: `common.lua`, then its own file in `scripts/`. The first argument is always the deadline. */
export class RedisScript {
  readonly name: string
  readonly source: string
  /** What EVALSHA asks for. */
  readonly sha1: string

  constructor(name: string, source: string) {
    this.name = name
    this.source = source
    this.sha1 = createHash('sha1').update(source).digest('hex')
  }

  static read(name: string): RedisScript {
    const text = (file: string) =>
      readFileSync(path.join(import.meta.dirname, 'scripts', `${file}.lua`), 'utf8')
    return new RedisScript(name, `${text('common')}\n${text(name)}`)
  }
}
