/**
 * blockrag limits show, set: what a tenant may use. Like the keys, the limits lie in the table; running servers keep to
 * what is set within five seconds.
 */
import { openAccess, tenantUse } from '../../../shared/access/index.ts';
import { LIMIT_KINDS, type Limits, type OwnLimits, TenantLimits } from '../../../shared/access/limits.ts';
import { checkTenant } from '../../../shared/access/tenant.ts';
import { viewTenant } from '../../../shared/api/views/tenant.ts';
import { defaultLimits } from '../../../shared/config.ts';
import { BlockragError } from '../../../shared/errors.ts';
import type { Table } from '../../../shared/storage/ports.ts';
import { type AccessTableOptions, withAccessTable } from '../access-table.ts';
import { toConfig } from '../config.ts';
import { print, printJson } from '../terminal.ts';

/** Numbers, `none` for no limit, or `default`. */
export interface SetLimitsOptions extends AccessTableOptions, Partial<Record<keyof Limits, string>> {}

export async function showLimits(tenant: string, options: AccessTableOptions): Promise<number> {
  checkTenant(tenant);
  await withAccessTable(options, false, (table) => show(table, tenant, options));
  return 0;
}

/** What is not named stays as it is. */
export async function setLimits(tenant: string, options: SetLimitsOptions): Promise<number> {
  await withAccessTable(options, false, async (table) => {
    const limits = new TenantLimits(table);
    const own: OwnLimits = await limits.own(tenant);
    for (const kind of LIMIT_KINDS) {
      const given = options[kind];
      if (given === 'default') delete own[kind];
      else if (given !== undefined) own[kind] = given === 'none' ? null : numberIn(given);
    }
    await limits.set(tenant, own);
    await show(table, tenant, options);
  });
  return 0;
}

function numberIn(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new BlockragError('invalid_option', `A limit is a whole number, none or default, and not ${text}.`);
}

async function show(table: Table, tenant: string, options: AccessTableOptions): Promise<void> {
  // On AWS the defaults are the stage's, which its functions are told and this command is not.
  const access = openAccess(table, defaultLimits(toConfig(options)));
  const view = viewTenant(tenant, await tenantUse(access, tenant));
  if (options.json) return printJson(view);
  for (const [name, limit] of Object.entries(view.limits)) {
    const uses = name in view.used ? `  (used: ${view.used[name as keyof typeof view.used]})` : '';
    const whose = name in view.own ? '' : '  default';
    print(`${name.padEnd(20)} ${limit ?? 'none'}${whose}${uses}`);
  }
}
