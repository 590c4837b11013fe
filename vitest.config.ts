import { defineConfig } from 'vitest/config'

const integration = ['{sfu,testing}/**/*.int.test.ts']
/** So many of the tests of clusters that both projects take about as long. */
const cluster =
  'sfu/test/cluster-{audience,clients,clocks,faults,links,placement,three-processes,two-nodes,voices}.int.test.ts'
const services = ['{core,prisma,web,recordings,scripts}/**/*.int.test.ts', cluster]
const networks = 'sfu/test/network*.int.test.ts'
const never = ['**/node_modules/**', '**/.next/**']

const withRealParts = {
  fileParallelism: false,
  // A test that hangs is found by its own `eventually`; this only has to be longer than a busy machine is slow.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Real networks and encoders on a busy machine. `npm test` names those that needed it; in CI one that is not listed
  // with a reason in scripts/test/retried-tests.mjs has failed.
  retry: 1,
}

/**
 * Four projects: `unit` is pure and fast; `integration` is the media server with real workers and browsers, one file at a time; `services` is
 * all else, with real databases and ffmpeg, and most of the meetings over several nodes, one file at a time, too, and may run beside it; `networks` is the long scenarios on bad networks
 * (docs/networks.md), one at a time and alone.
 */
export default defineConfig({
  test: {
    // More than cores: those of several nodes mostly wait for one another.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,sfu,recordings,prisma,scripts,testing,web}/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', ...never],
          // The first test of a file waits for modules to load, and all cores are in use.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: integration,
          exclude: [...never, networks, cluster],
          ...withRealParts,
        },
      },
      { test: { name: 'services', include: services, exclude: never, ...withRealParts } },
      { test: { name: 'networks', include: [networks], exclude: never, ...withRealParts } },
    ],
  },
})
