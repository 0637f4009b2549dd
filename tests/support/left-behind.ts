/** What the stores hold of blobs, and what they should hold. */
import { expect } from 'vitest';
import type { Services } from '../../shared/pipeline/services.ts';
import { keyOf } from '../../shared/pipeline/stored-kv/location.ts';
import { allRows } from '../../shared/storage/table/rows.ts';

/** Keys by what knows of them, sorted. */
export async function storedKeys({ blobs, catalog }: Services) {
  const objects: string[] = [];
  for await (const { key } of blobs.list('kv')) objects.push(key.split('/').at(-1)!);
  const rows: string[] = [];
  for await (const { key } of catalog.blobs.every()) rows.push(key);
  return { objects: objects.sort(), rows: rows.sort() };
}

/** The keys of all passages of ready documents, and of the prefaces of their tenants. */
export async function neededKeys(services: Services, tenants: readonly string[]): Promise<Set<string>> {
  const { catalog, template } = services;
  const needed = new Set<string>();
  for (const tenant of tenants) {
    for (const { id, version } of await catalog.documents.all(tenant)) {
      if (version === null) continue;
      needed.add(keyOf(services, tenant, template.preface));
      for (const { blobKey } of await catalog.passages.ofVersion(id, version)) needed.add(blobKey);
    }
  }
  return needed;
}

/** Expects that what is needed is there, and nothing else but the prefaces. */
export async function expectNothingLostOrLeft(services: Services, tenants: readonly string[]): Promise<void> {
  const needed = await neededKeys(services, tenants);
  const { objects, rows } = await storedKeys(services);
  expect(objects).toEqual(rows);
  expect([...needed].filter((key) => !objects.includes(key))).toEqual([]);
  const prefaces = tenants.map((tenant) => keyOf(services, tenant, services.template.preface));
  expect(objects.filter((key) => !needed.has(key) && !prefaces.includes(key))).toEqual([]);
  for await (const deletion of services.catalog.deletions.every()) expect(deletion).toBeUndefined();
}

/** Expects that versions have left no rows: neither theirs, nor as users of blobs. */
export async function expectForgotten(
  { catalog }: Services,
  versions: readonly { document: string; version: string }[],
  keys: readonly string[],
): Promise<void> {
  for (const { document, version } of versions) {
    expect(await allRows(catalog.table, `passages/${document}/${version}`)).toEqual([]);
  }
  const dead = new Set(versions.map(({ version }) => version));
  for (const key of keys) {
    const users = await catalog.blobs.usersOf(key, 1000);
    expect(users.filter(({ version }) => dead.has(version))).toEqual([]);
  }
}
