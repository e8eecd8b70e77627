/**
 * The test projects, quick ones first. `tests/run.mjs` runs them one by one; `npx vitest run <path>` runs any file.
 *
 * Files run in as many processes as there are cores; those that wait for programs of their own say how many at a time.
 */
import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const full = process.env.REXMIT_FULL === '1'
const seconds = 1000

const include = (...folders: string[]) => folders.map((folder) => `tests/${folder}/**/*.test.ts`)

export default defineConfig({
  plugins: [vue()],
  test: {
    pool: 'forks',
    setupFiles: ['tests/support/fixed-seed.ts'],
    maxWorkers: availableParallelism(),
    testTimeout: (full ? 600 : 60) * seconds,
    hookTimeout: 120 * seconds,
    teardownTimeout: 10 * seconds,
    // The usual second is short where two browsers and two engines share two cores.
    expect: { poll: { timeout: 45 * seconds } },
    projects: [
      { extends: true, test: { name: 'architecture', include: include('architecture') } },
      // `isolate: false`: none of these leaves anything behind in a module, so one process reads the modules once for all its files.
      { extends: true, test: { name: 'unit', include: include('shared', 'electron'), isolate: false } },
      // The window has one scheduler of frames, one set of stores.
      { extends: true, test: { name: 'renderer', include: include('renderer') } },
      { extends: true, test: { name: 'scenario', include: include('scenario'), isolate: false } },
      {
        extends: true,
        test: { name: 'fuzz', include: include('fuzz'), testTimeout: (full ? 1200 : 120) * seconds },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: include('interop'),
          maxWorkers: 2,
          testTimeout: (full ? 600 : 120) * seconds,
          globalSetup: 'tests/support/need-interop.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: include('e2e'),
          exclude: include('e2e/electron'),
          // Half of the time nothing but a clock runs in these; but more browsers at a time starve each other where anything else runs.
          maxWorkers: 2,
          testTimeout: 120 * seconds,
          globalSetup: 'tests/support/need-browser.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'electron',
          include: include('e2e/electron'),
          fileParallelism: false,
          testTimeout: 120 * seconds,
          globalSetup: 'tests/support/need-electron.ts',
        },
      },
    ],
  },
})
