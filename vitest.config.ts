import { defineConfig } from 'vitest/config';

// Two test files at once at most: each may hold an inference thread, and CI has two cores.
export default defineConfig({
  test: {
    include: ['tests/{unit,contract,e2e}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ['verbose'] : ['default'],
  },
});
