import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many files wait for a process of their own, so two at a time even on two processors.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
