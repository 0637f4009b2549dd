/** What the contract suites are made of. They need no test framework: node:assert says what is wrong. */
import assert from 'node:assert/strict';

/** One thing that a driver must do. */
export interface ContractCase {
  name: string;
  /** Opens the driver anew, and rejects with an AssertionError where it does not do it. */
  run(): Promise<void>;
}

/** Cases by their names, each run on what is opened for it alone and closed after it. */
export function casesOn<T>(
  open: () => Promise<T>,
  close: (opened: T) => Promise<void>,
  cases: Record<string, (opened: T) => Promise<void>>,
): ContractCase[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const opened = await open();
      try {
        await check(opened);
      } finally {
        await close(opened);
      }
    },
  }));
}

/** Asserts that of an object the given fields, and theirs in turn, are as expected. */
export function assertFields(actual: unknown, expected: Readonly<Record<string, unknown>>): void {
  assert.deepEqual(pick(actual, expected), expected);
}

/** Asserts that a promise rejects with an error of these fields. */
export async function assertRejects(
  promise: Promise<unknown>,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assertFields(error, fields);
    return true;
  });
}

/** The package that makes the random values of some cases: a test's dependency, loaded when such a case runs. */
export async function fastCheck(): Promise<typeof import('fast-check').default> {
  return (await import('fast-check')).default;
}

function pick(actual: unknown, shape: unknown): unknown {
  if (!isPlain(shape) || typeof actual !== 'object' || actual === null) return actual;
  const fields = actual as Record<string, unknown>;
  const present = Object.keys(shape).filter(
    (name) => fields[name] !== undefined || shape[name] === undefined,
  );
  return Object.fromEntries(present.map((name) => [name, pick(fields[name], shape[name])]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
