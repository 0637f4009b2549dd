/** Where the servers are installed, and how: each once, whole or not at all. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { publish } from '../../shared/files/publish.ts';
import { RECIPES, type ServiceName } from './recipes.ts';
import { requireTools, runStep } from './tools.ts';

export const SERVICE_NAMES = Object.keys(RECIPES) as ServiceName[];

/** The folder of the installations: $BLOCKRAG_SERVICES, else one in the system's cache folder. */
export function servicesDirectory(): string {
  const chosen = process.env.BLOCKRAG_SERVICES;
  return chosen ? resolve(chosen) : envPaths('blockrag-services', { suffix: '' }).cache;
}

/** Where one server is or will be. */
export function serviceDirectory(name: ServiceName): string {
  const digest = createHash('sha256').update(RECIPES[name].source).digest('hex');
  return join(servicesDirectory(), `${name}-${digest.slice(0, 12)}`);
}

/** Which servers are installed. */
export function available(): Record<ServiceName, boolean> {
  const entries = SERVICE_NAMES.map((name) => [name, existsSync(serviceDirectory(name))]);
  return Object.fromEntries(entries) as Record<ServiceName, boolean>;
}

/**
 * Installs the servers that are missing.
 * @param report gets a line for each step
 * @throws Error that names a missing program, or has the output of one that failed
 */
export async function install(names: readonly ServiceName[], report: (line: string) => void): Promise<void> {
  const missing = names.filter((name) => !available()[name]);
  // All of them first: nobody wants to learn of the second missing program after two minutes.
  for (const name of missing) requireTools(RECIPES[name].title, RECIPES[name].tools);
  for (const name of names) {
    const { title, build } = RECIPES[name];
    const target = serviceDirectory(name);
    if (!missing.includes(name)) {
      report(`${title}: installed in ${target}`);
      continue;
    }
    const started = performance.now();
    await publish(target, async (folder) => {
      await mkdir(folder);
      for (const step of await build(folder)) {
        report(`${title}: ${step.command} ...`);
        await runStep(step);
      }
    });
    report(`${title}: installed in ${target} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
  }
}
