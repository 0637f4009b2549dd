import { expect, it, vi } from 'vitest';
import { withAccessTable } from '../../../../functions/cli/access-table.ts';
import { setLimits, showLimits } from '../../../../functions/cli/commands/limits.ts';
import { TenantLimits } from '../../../../shared/access/limits.ts';
import { temporaryDirectory } from '../../../support/product/directory.ts';

const ownOf = (data: string) =>
  withAccessTable({ data }, true, (table) => new TenantLimits(table).own('acme'));

async function printed(work: () => Promise<number>): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(await work()).toBe(0);
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

it('limits are set one by one, taken away, and shown', async () => {
  const data = temporaryDirectory();
  expect(await ownOf(data)).toEqual({});
  const set = (options: object) => printed(() => setLimits('acme', { data, ...options }));
  await set({ documents: '5', bytes: 'none' });
  await set({ requestsPerMinute: '60' });
  expect(await ownOf(data)).toEqual({ documents: 5, bytes: null, requestsPerMinute: 60 });
  await set({ documents: 'default' });
  expect(await ownOf(data)).toEqual({ bytes: null, requestsPerMinute: 60 });
  const shown = await printed(() => showLimits('acme', { data }));
  expect(shown).toMatch(/^requests_per_minute +60$/m);
  expect(shown).toMatch(/^documents +none {2}default {2}\(used: 0\)$/m);
  const json = JSON.parse(await printed(() => showLimits('acme', { data, json: true })));
  expect(json).toMatchObject({ tenant: 'acme', own: { bytes: null, requests_per_minute: 60 } });
});

it('a limit that is none, and a tenant that is none, are refused', async () => {
  const data = temporaryDirectory();
  await ownOf(data);
  await expect(setLimits('acme', { data, bytes: '-1' })).rejects.toMatchObject({ code: 'invalid_option' });
  await expect(showLimits('No Tenant', { data })).rejects.toMatchObject({ code: 'invalid_request' });
});
