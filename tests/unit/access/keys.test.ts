import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyRing, requireScope, VERIFIED_MS } from '../../../shared/access/keys.ts';
import { type CatalogTable, openCatalogTable } from '../../support/catalog-table.ts';

let opened: CatalogTable;
let now: number;
let keys: KeyRing;
const ring = () => new KeyRing(opened.table, { now: () => now });
beforeEach(async () => {
  opened = await openCatalogTable();
  now = Date.UTC(2026, 0, 1);
  keys = ring();
});
afterEach(() => opened.dispose());

const laptop = { tenant: 'acme', name: 'laptop', scopes: ['read'] };

describe('a key', () => {
  it('is 256 random bits that name their row on every instance', async () => {
    const { key, row } = await keys.add({
      tenant: 'acme',
      name: ' laptop ',
      scopes: ['write', 'read', 'read'],
    });
    expect(key).toMatch(/^brk_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(key.slice(4), 'base64url')).toHaveLength(32);
    const hash = createHash('sha256').update(key).digest('hex');
    const scopes = ['read', 'write'];
    expect(row).toEqual({
      id: `key_${hash.slice(0, 12)}`,
      tenant: 'acme',
      name: 'laptop',
      scopes,
      created: now,
      revoked: null,
    });
    expect(await keys.verify(key)).toEqual(row);
    expect(await ring().verify(key)).toEqual(row);
    expect((await keys.add(laptop)).key).not.toBe(key);
  });

  it('is nowhere in the data directory', async () => {
    const { key } = await keys.add(laptop);
    await keys.verify(key);
    const files = readdirSync(opened.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    // The search finds what is there.
    expect(files.some((bytes) => bytes.includes('laptop'))).toBe(true);
    for (const secret of [key.slice(4), Buffer.from(key.slice(4), 'base64url'), key.slice(4, 14)]) {
      expect(files.some((bytes) => bytes.includes(secret))).toBe(false);
    }
  });

  it('that is unknown or malformed is refused', async () => {
    const { key, row } = await keys.add(laptop);
    const unknown = `brk_${Buffer.alloc(32, 7).toString('base64url')}`;
    const hash = createHash('sha256').update(key).digest('hex');
    const wrong = [
      unknown,
      '',
      'brk_',
      key.slice(0, -1),
      `${key}A`,
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
    ];
    for (const given of [...wrong, key.slice(4), `Bearer ${key}`, hash, row.id, `brk_${'é'.repeat(43)}`]) {
      expect(await keys.verify(given)).toBeUndefined();
    }
  });

  it('of an empty catalog does not exist', async () => {
    expect(await keys.verify(`brk_${'A'.repeat(43)}`)).toBeUndefined();
    expect(await keys.list()).toEqual([]);
  });
});

describe('a revoked key', () => {
  it('is refused at once where it was revoked, and stays listed', async () => {
    const { key, row } = await keys.add(laptop);
    await keys.verify(key);
    now += 10;
    expect(await keys.revoke(row.id)).toBe(true);
    expect(await keys.verify(key)).toBeUndefined();
    expect(await keys.list()).toEqual([{ ...row, revoked: now }]);
  });

  it('is refused by every instance 5 s later at the latest', async () => {
    const other = ring();
    const { key, row } = await keys.add(laptop);
    expect(await other.verify(key)).toEqual(row);
    await keys.revoke(row.id);
    now += VERIFIED_MS - 1;
    expect(await other.verify(key)).toEqual(row);
    now += 1;
    expect(await other.verify(key)).toBeUndefined();
  });

  it('is refused when the clock is set back', async () => {
    const other = ring();
    const { key, row } = await keys.add(laptop);
    await other.verify(key);
    await keys.revoke(row.id);
    now -= 60_000;
    expect(await other.verify(key)).toBeUndefined();
  });

  it('may be revoked again, which changes nothing; an unknown one cannot be', async () => {
    const { row } = await keys.add(laptop);
    await keys.revoke(row.id);
    const [revoked] = await keys.list();
    now += 1000;
    expect(await keys.revoke(row.id)).toBe(true);
    expect(await keys.list()).toEqual([revoked]);
    for (const id of ['key_000000000000', 'key_', '', row.id.slice(0, 8), `${row.id}0`]) {
      expect(await keys.revoke(id)).toBe(false);
    }
  });
});

describe('the list of keys', () => {
  it('has the keys of a tenant, oldest first', async () => {
    const added = [];
    for (const tenant of ['acme', 'zoo', 'acme', 'acme']) {
      now += 1;
      added.push((await keys.add({ ...laptop, tenant })).row);
    }
    expect(await keys.list()).toEqual(added);
    expect(await keys.list('acme')).toEqual(added.filter(({ tenant }) => tenant === 'acme'));
    expect(await keys.list('nobody')).toEqual([]);
  });
});

describe('what is no key', () => {
  it.each(['', 'A', 'a_b', 'a/b', '../x', '-a', 'a.b', 'é', 'a\n', 'a'.repeat(64)])(
    'is one for the tenant %j',
    async (tenant) => {
      await expect(keys.add({ ...laptop, tenant })).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await keys.list()).toEqual([]);
    },
  );

  it('is one with no scope, an unknown one, or a name of several lines', async () => {
    const wrong = [{ scopes: [] }, { scopes: ['read', 'root'] }, { name: ' ' }, { name: 'a\nb' }];
    for (const part of [...wrong, { name: 'x'.repeat(101) }]) {
      await expect(keys.add({ ...laptop, ...part })).rejects.toMatchObject({ code: 'invalid_request' });
    }
    await keys.add({ ...laptop, tenant: '0', name: 'Büro 1', scopes: ['admin'] });
    await keys.add({ ...laptop, tenant: `a${'-'.repeat(62)}` });
  });
});

describe('a scope', () => {
  it('is had by name, or by being admin', () => {
    expect(() => requireScope({ scopes: ['read', 'write'] }, 'write')).not.toThrow();
    expect(() => requireScope({ scopes: ['admin'] }, 'write')).not.toThrow();
    expect(() => requireScope({ scopes: ['write'] }, 'read')).toThrow('"read"');
    const missing = expect.objectContaining({ code: 'scope_missing', status: 403, data: { scope: 'admin' } });
    expect(() => requireScope({ scopes: ['read', 'write'] }, 'admin')).toThrow(missing);
  });
});
