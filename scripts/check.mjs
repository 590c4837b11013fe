/**
 * `npm run check`: format and lint, import zones and cycles, unused code, types, unit tests. Stops at nothing, reports all.
 * `npm run check -- --static` leaves the unit tests to `npm test`, which runs them, too.
 */
import { done, runMain, since, warn } from './lib/log.mjs'
import { run, toolEnv } from './lib/run.mjs'
import { setUp } from './setup.mjs'

const everything = [
  ['Format and lint', 'biome', ['check', '.', '--error-on-warnings']],
  [
    'Import zones',
    'depcruise',
    [
      '--config',
      '.dependency-cruiser.cjs',
      'core',
      'sfu',
      'web',
      'prisma',
      'recordings',
      'scripts',
      'testing',
    ],
  ],
  ['Unused files and exports', 'knip', []],
  ['Types', 'turbo', ['run', 'types', '--ui=stream', '--output-logs=errors-only']],
  ['Unit tests', 'vitest', ['run', '--project', 'unit', '--reporter=dot']],
]
const steps = process.argv.includes('--static') ? everything.slice(0, -1) : everything

await runMain(async () => {
  await setUp({ build: false, worker: false })
  const failed = []
  for (const [label, command, args] of steps) {
    const started = Date.now()
    const { code, output } = await run(command, args, { label, allowFailure: true, env: toolEnv() })
    if (code === 0) {
      done(`${label} (${since(started)})`)
    } else {
      failed.push(label)
      console.error(output)
      warn(`${label} failed`)
    }
  }
  console.log(
    `check: ${steps.length - failed.length} passed, ${failed.length} failed${failed.length ? `: ${failed.join(', ')}` : ''}`,
  )
  if (failed.length > 0) process.exitCode = 1
})
