/**
 * Loaded into a process by `--import` (ProcessClock): its `Date` is wrong by as many milliseconds as the file named by `offset` in this
 * module's address says, and leaps when the file has changed and SIGUSR2 comes. Timers and the monotonic clock are left alone.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL(import.meta.url).searchParams.get('offset') ?? ''
const TrueDate = Date
let offsetMs = 0

function read(): void {
  const text = readFileSync(file, 'utf8')
  offsetMs = Number(text)
  writeFileSync(`${file}.taken`, text)
}

const now = (): number => TrueDate.now() + offsetMs

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget === Date ? target : newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
})

read()
process.on('SIGUSR2', read)
