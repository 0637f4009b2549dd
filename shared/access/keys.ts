/**
 * API keys: each belongs to a tenant and has scopes. Only a key's SHA-256 is stored.
 *
 * partition  sort             row
 * keys       SHA-256 in hex   tenant, name, scopes, created, revoked
 */
import { createHash, randomBytes } from 'node:crypto';
import { BoundedMap } from '../bounded.ts';
import { BlockragError } from '../errors.ts';
import type { Row, Table } from '../storage/ports.ts';
import { ifUnchanged, untilNoConflict } from '../storage/table/conflicts.ts';
import { allRows } from '../storage/table/rows.ts';
import { checkTenant } from './tenant.ts';

export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key as it may be shown. The key itself is shown once, when it is made. */
export interface KeyRow {
  /** `key_` and the first 12 hex digits of the key's SHA-256. */
  id: string;
  tenant: string;
  /** What its owner calls it. */
  name: string;
  scopes: Scope[];
  /** Milliseconds since the epoch. */
  created: number;
  revoked: number | null;
}

/** A verified key is accepted for this long without another look, so revoking it takes up to 5 s. */
export const VERIFIED_MS = 5000;

const PARTITION = 'keys';
const KEY = /^brk_[A-Za-z0-9_-]{43}$/;
const ID = /^key_[0-9a-f]{12}$/;
const ID_DIGITS = 12;
const MAX_VERIFIED = 1000;
const MAX_NAME_LENGTH = 100;

/**
 * The API keys of a catalog.
 *
 * @example
 * const { key } = await keys.add({ tenant: 'acme', name: 'laptop', scopes: ['read'] });
 * const row = await keys.verify(key); // undefined: answer 401
 */
export class KeyRing {
  #table: Table;
  #now: () => number;
  /** Live keys by hash, each with the time before its row was read. */
  #verified = new BoundedMap<string, { row: KeyRow; read: number }>(MAX_VERIFIED);

  /** @param options.now the clock, milliseconds since the epoch */
  constructor(table: Table, options: { now?: () => number } = {}) {
    this.#table = table;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Makes a key of 256 random bits; durable when it resolves. The key is nowhere but in the answer.
   * @throws BlockragError `invalid_request` for a wrong tenant, name or scope
   */
  async add(given: {
    tenant: string;
    name: string;
    scopes: readonly string[];
  }): Promise<{ key: string; row: KeyRow }> {
    checkTenant(given.tenant);
    const name = checkName(given.name);
    const scopes = checkScopes(given.scopes);
    const data = { tenant: given.tenant, name, scopes, created: this.#now(), revoked: null };
    return untilNoConflict(async () => {
      const key = `brk_${randomBytes(32).toString('base64url')}`;
      const hash = hashOf(key);
      // An id names one key only: 48 bits may be met twice, 256 are not.
      if ((await this.#rowOf(idOf(hash))) !== undefined)
        throw new BlockragError('conflict', 'The id is taken.');
      await this.#table.write([{ put: { partition: PARTITION, sort: hash, data }, condition: 'absent' }]);
      return { key, row: { id: idOf(hash), ...data } };
    });
  }

  /**
   * The row of a key, or undefined when it is malformed, unknown or revoked. A good answer holds for
   * `VERIFIED_MS`, so a key that another instance has revoked is refused 5 s later at the latest, and one revoked
   * by this instance at once. A bad answer is not kept: limit the rate of those who give bad keys.
   */
  async verify(key: string): Promise<KeyRow | undefined> {
    if (!KEY.test(key)) return undefined;
    const hash = hashOf(key);
    const now = this.#now();
    const known = this.#verified.get(hash);
    // A clock set back must not make an answer hold for longer.
    if (known !== undefined && now >= known.read && now - known.read < VERIFIED_MS) return known.row;
    this.#verified.delete(hash);
    const stored = await this.#table.get(PARTITION, hash);
    if (stored === undefined || stored.data.revoked !== null) return undefined;
    const row = toKeyRow(stored);
    this.#verified.set(hash, { row, read: now });
    return row;
  }

  /** All keys, or those of a tenant, revoked ones too; oldest first. */
  async list(tenant?: string): Promise<KeyRow[]> {
    return (await allRows(this.#table, PARTITION))
      .map(toKeyRow)
      .filter((key) => tenant === undefined || key.tenant === tenant)
      .sort((a, b) => a.created - b.created);
  }

  /** Refuses a key from now on; its row stays, with the time it was first revoked. False: there is no such key. */
  async revoke(id: string): Promise<boolean> {
    if (!ID.test(id)) return false;
    return untilNoConflict(async () => {
      const row = await this.#rowOf(id);
      if (row === undefined) return false;
      const { partition, sort, data } = row;
      if (data.revoked === null) {
        const put = { partition, sort, data: { ...data, revoked: this.#now() } };
        await this.#table.write([{ put, condition: ifUnchanged(row) }]);
      }
      this.#verified.delete(sort);
      return true;
    });
  }

  async #rowOf(id: string): Promise<Row | undefined> {
    const prefix = id.slice('key_'.length);
    const { rows } = await this.#table.query(PARTITION, { prefix, limit: 1 });
    return rows[0];
  }
}

/**
 * Refuses a key that lacks a scope; `admin` has every scope.
 * @throws BlockragError `scope_missing`
 */
export function requireScope({ scopes }: { scopes: readonly Scope[] }, scope: Scope): void {
  if (scopes.includes(scope) || scopes.includes('admin')) return;
  const message = `This needs an API key with the scope "${scope}".`;
  throw new BlockragError('scope_missing', message, { data: { scope } });
}

const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');
const idOf = (hash: string) => `key_${hash.slice(0, ID_DIGITS)}`;

function toKeyRow({ sort, data }: Row): KeyRow {
  return { id: idOf(sort), ...(data as unknown as Omit<KeyRow, 'id'>) };
}

function checkName(given: string): string {
  const name = given.trim();
  if (name === '' || name.length > MAX_NAME_LENGTH || /[\p{Control}\p{Surrogate}]/u.test(name)) {
    const rule = `1 to ${MAX_NAME_LENGTH} characters on one line`;
    throw new BlockragError('invalid_request', `That is no name of a key: it must be ${rule}.`);
  }
  return name;
}

function checkScopes(given: readonly string[]): Scope[] {
  const scopes = SCOPES.filter((scope) => given.includes(scope));
  if (scopes.length === 0 || !given.every((scope) => (SCOPES as readonly string[]).includes(scope))) {
    const message = `A key has one or more of the scopes ${SCOPES.join(', ')}.`;
    throw new BlockragError('invalid_request', message);
  }
  return scopes;
}
