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
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{core,sfu,recordings,prisma,scripts,web}/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', '**/.next/**'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
