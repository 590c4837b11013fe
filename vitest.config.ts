import { defineConfig } from 'vitest/config'

/** Three projects: `unit` is pure and fast; `integration` starts real workers, databases and ffmpeg, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{core,sfu,recordings,prisma,scripts,web}/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**', '**/.next/**'],
          // The first test of a file waits for modules to load, and all cores are in use.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{core,sfu,recordings,prisma,scripts,web}/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', '**/.next/**'],
          fileParallelism: false,
          // A test that hangs is found by its own `eventually`; this only has to be longer than a busy machine is slow.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // As in the browser tests: real networks and encoders on a busy machine. `npm test` names those that needed it.
          retry: 1,
        },
      },
    ],
  },
})
