import { describe } from 'vitest';
import { available, type ServiceName } from './index.ts';

/**
 * A group of tests that needs servers: skipped, with the reason in its name, where they are not installed.
 * @throws Error in CI, where nothing may be skipped
 */
export function describeWith(services: readonly ServiceName[], name: string, tests: () => void): void {
  const missing = services.filter((service) => !available()[service]);
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const reason = `${missing.join(', ')} not installed: npm run services`;
  if (process.env.CI) throw new Error(`${name}: ${reason}`);
  describe.skip(`${name} (${reason})`, tests);
}
