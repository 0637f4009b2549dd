import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Locked {
  integrity?: string;
  /** It comes within another package, whose integrity covers it. */
  inBundle?: boolean;
  /** What its authors say to whoever installs it, security among the reasons. */
  deprecated?: string;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../../..', name), 'utf8'));
const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>;
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Locked> }).packages);
const packages = locked.filter(([path]) => path !== '');

it('dependencies have exact versions', () => {
  const all = Object.entries({ ...dependencies, ...devDependencies });
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

it('every package that is installed is known by its SHA-512', () => {
  expect(packages.length).toBeGreaterThan(Object.keys({ ...dependencies, ...devDependencies }).length);
  const unknown = packages.filter(([, { integrity, inBundle }]) => {
    return inBundle !== true && integrity?.startsWith('sha512-') !== true;
  });
  expect(unknown).toEqual([]);
});

it('no package that is installed is deprecated by its authors', () => {
  expect(packages.filter(([, { deprecated }]) => deprecated !== undefined)).toEqual([]);
});
