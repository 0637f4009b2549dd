/** What every driver of the Doorbell port does. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Doorbell } from '../ports.ts';
import { type ContractCase, casesOn } from './case.ts';

/** A bell that has not been rung. */
export interface OpenedDoorbell {
  bell: Doorbell;
  /** How often it was heard since this was asked last; waits a moment for rings that are on their way. */
  heard(): Promise<number>;
  /** Removes what the bell rings on, after it was closed. */
  close?: () => Promise<void>;
}

/**
 * The contract of a Doorbell. Each case opens a bell of its own and closes it.
 *
 * @example
 * for (const { name, run } of doorbellContract(open)) test(name, run);
 */
export function doorbellContract(open: () => Promise<OpenedDoorbell>): ContractCase[] {
  return casesOn(open, closed, CASES);
}

async function closed({ bell, close }: OpenedDoorbell): Promise<void> {
  await bell.close();
  await close?.();
}

/** How long a ring may be on its way. */
const LONGEST_MS = 30_000;

const CASES: Record<string, (opened: OpenedDoorbell) => Promise<void>> = {
  'is heard once for each time it is rung': async ({ bell, heard }) => {
    assert.equal(await heard(), 0);
    await Promise.all([bell.ring(), bell.ring(), bell.ring()]);
    assert.equal(await heard(), 3);
  },

  'is heard later when it is rung for later': async ({ bell, heard }) => {
    await bell.ring({ afterSeconds: 3 });
    assert.equal(await heard(), 0);
    const end = Date.now() + LONGEST_MS;
    while ((await heard()) !== 1) {
      assert.ok(Date.now() < end, 'the bell was not heard');
      await sleep(100);
    }
  },
};
