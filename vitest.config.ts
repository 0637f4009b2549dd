import { defineConfig } from 'vitest/config';

// Two test files at once at most: each may hold an inference thread, and CI has two cores.
export default defineConfig({
  test: {
    include: ['tests/{unit,contract,e2e,examples}/**/*.test.ts'],
    // What tests expect of answers is the base model's, so that a better adapter changes none of it; the one that is
    // shipped has tests of its own (tests/e2e/adapter.test.ts).
    env: { BLOCKRAG_ADAPTER: 'none' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
    reporters: process.env.CI ? ['verbose'] : ['default'],
  },
});
