import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** One name on `/metrics` (Prometheus text format), and how its values are read from `T`, which says how things are just now. */
export interface Figure<T> {
  name: string
  help: string
  type: 'gauge' | 'counter'
  labels: string[]
  read(from: T): [labels: Record<string, string | number>, value: number][]
}

type Read<T> = (from: T) => number | undefined

/** What every process that serves says of itself (core/process/event-loop-watch.ts). */
interface OfProcess {
  eventLoopP99Ms: number
}

/** Makers of figures whose names begin with `prefix`. */
export function figuresOf<T extends OfProcess>(prefix: string) {
  const one = (name: string, help: string, read: Read<T>): Figure<T> => ({
    ...{ name: `${prefix}_${name}`, help, type: 'gauge', labels: [] },
    read: from => {
      const value = read(from)
      return value === undefined ? [] : [[{}, value]]
    },
  })
  return {
    /** A single value; undefined: there is none just now, and the name is not shown. */
    one,
    eventLoop: one(
      'event_loop_p99_seconds',
      '99th percentile of the event loop’s delay over the last 10 to 20 s',
      ({ eventLoopP99Ms }) => inSeconds(eventLoopP99Ms),
    ),
    /**
     * A value for each of several, of which there may only ever be few: each is kept for months by whoever collects them. Of two with the same
     * labels the last one counts in a gauge, both in a counter.
     */
    each: <Item>(
      type: Figure<T>['type'],
      all: (from: T) => readonly Item[],
      labels: Record<string, (item: Item) => string | number>,
      name: string,
      help: string,
      read: Read<Item>,
    ): Figure<T> => ({
      ...{ name: `${prefix}_${name}`, help, type, labels: Object.keys(labels) },
      read: from =>
        all(from).flatMap(item => {
          const value = read(item)
          const of = Object.entries(labels).map(([label, labelOf]) => [label, labelOf(item)])
          return value === undefined ? [] : [[Object.fromEntries(of), value]]
        }),
    }),
  }
}

/** Milliseconds in seconds, as Prometheus wants them; undefined for null. */
export const inSeconds = (ms: number | null): number | undefined => (ms === null ? undefined : ms / 1000)

/** A process's page: its figures, and those every process has (prom-client's `process_*` and `nodejs_*`). Closed by whoever makes it. */
export class FiguresPage<T> {
  /** For what is counted as it happens. */
  readonly registry = new Registry()
  readonly #read: () => Promise<T>
  readonly #shown: { figure: Figure<T>; metric: Gauge | Counter }[]

  constructor(figures: readonly Figure<T>[], read: () => Promise<T>) {
    this.#read = read
    collectDefaultMetrics({ register: this.registry })
    const registers = [this.registry]
    this.#shown = figures.map(figure => {
      const { name, help, labels: labelNames, type } = figure
      const options = { name, help, labelNames, registers }
      return { figure, metric: type === 'counter' ? new Counter(options) : new Gauge(options) }
    })
  }

  get contentType(): string {
    return this.registry.contentType
  }

  /** @throws what `read` does */
  async text(): Promise<string> {
    const now = await this.#read()
    for (const { figure, metric } of this.#shown) {
      // What is gone, a worker that was replaced or a node, must not stay.
      metric.reset()
      // A single value is 0 until it is set; one that there is none of must not be shown.
      if (figure.labels.length === 0) metric.remove({})
      for (const [labels, value] of figure.read(now)) {
        if (metric instanceof Gauge) metric.set(labels, value)
        else metric.inc(labels, value)
      }
    }
    return await this.registry.metrics()
  }

  close(): void {
    this.registry.clear()
  }
}
