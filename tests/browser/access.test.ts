import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { askOnPage, describeInBrowser, keepPicture, openConsole } from '../support/browser.ts';
import { blockragJson } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const data = temporaryDirectory();
const keys: Record<string, string> = {};

async function makeKey(tenant: string, scopes: string): Promise<string> {
  const args = ['keys', 'add', '--tenant', tenant, '--name', tenant, '--scope', scopes, '--data', data];
  return (await blockragJson<{ key: string }>(args)).value.key;
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

interface Axe {
  run(): Promise<{ violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }>;
}

/** What axe finds, of any weight. */
async function findings(page: Page) {
  // By the protocol: the page's own policy lets no script in.
  await page.evaluate((await import('node:fs')).readFileSync(AXE, 'utf8'));
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    at: nodes.map(({ html }) => html.slice(0, 120)),
  }));
}

async function start(): Promise<Server> {
  keys.acme = await makeKey('acme', 'read,write');
  keys.other = await makeKey('other', 'read');
  keys.default = await makeKey('default', 'admin');
  const server = await startServer(data);
  await uploadText(server.as(keys.acme), 'ferry.md', FERRY);
  await uploadText(server.as(keys.acme), 'lighthouse.md', LIGHTHOUSE);
  await uploadText(server.as(keys.default), 'own.md', FERRY);
  return server;
}

describeInBrowser('the Console, by key', start, (at) => {
  it('refuses a wrong key, and forgets a right one unless it is asked to keep it', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url);
    await signIn(page, `brk_${'x'.repeat(43)}`);
    await page.getByText('That is no API key, or one that was revoked.').waitFor();
    await signIn(page, keys.acme!);
    await page.locator('textarea').waitFor();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('brk_');
    await page.reload();
    await page.getByLabel('Keep it in this browser').check();
    await signIn(page, keys.acme!);
    await page.locator('textarea').waitFor();
    await page.reload();
    await page.locator('textarea').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('brk_');
    expect(wrong).toEqual([]);
  });

  it('shows a tenant nothing of another, not even conversations in the same browser', async () => {
    const { page } = await openConsole(at.context, at.server.url);
    await signIn(page, keys.acme!);
    await askOnPage(page, 'When does the ferry to Grimsay leave?');
    const link = page.url();
    await page.reload();
    await signIn(page, keys.other!);
    await page.getByText('This conversation is not in this browser.').waitFor();
    await page.goto(`${at.server.url}/#/documents`);
    await page.getByText('This key may read, not write').waitFor();
    await page.getByText('No documents yet').waitFor();
    expect(await page.locator('.drop').count()).toBe(0);
    await page.reload();
    await signIn(page, keys.acme!);
    await page.goto(link);
    expect(await page.locator('.question').textContent()).toBe('When does the ferry to Grimsay leave?');
  });

  it('shows an operator the figures, makes a key, shows it once and revokes it', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url, '#/operate');
    await signIn(page, keys.default!);
    await page.getByRole('heading', { name: 'Work under way' }).waitFor();
    await page.getByRole('heading', { name: 'Time to the first token' }).waitFor();
    await page.locator('.new-key').getByLabel('Name').fill('phone');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = (await page.locator('.secret code').textContent())!;
    expect((await at.server.as(key).fetch('/v1/documents')).status).toBe(200);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    const row = page.locator('.keys tr', { hasText: 'phone' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.getByText('revoked').waitFor();
    expect((await at.server.as(key).fetch('/v1/documents')).status).toBe(401);
    expect(await page.content()).not.toContain(key);
    expect(wrong).toEqual([]);
  });

  it('shows an operator what a tenant uses, and sets its limits', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url, '#/operate');
    await signIn(page, keys.default!);
    const card = page.locator('.tenant');
    await card.getByLabel('Tenant', { exact: true }).fill('acme');
    await card.getByRole('button', { name: 'Show' }).click();
    await card.getByText('Limits of acme').waitFor();
    const cells = (kind: string) => card.locator(`[data-kind="${kind}"] td`).allTextContents();
    expect((await cells('documents')).slice(0, 2)).toEqual(['2', 'no limit']);
    await card.getByLabel('Own limit: Documents').fill('2');
    await card.getByRole('button', { name: 'Set the limits' }).click();
    await expect.poll(async () => (await cells('documents'))[1]).toBe('2');
    const refused = await at.server.as(keys.acme!).post('/v1/documents', { name: 'more.md', text: FERRY });
    expect(await refused.json()).toMatchObject({ code: 'quota_exceeded' });
    await card.getByLabel('Own limit: Documents').fill('');
    await card.getByRole('button', { name: 'Set the limits' }).click();
    await expect.poll(async () => (await cells('documents'))[1]).toBe('no limit');
    expect(wrong).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'has no findings of axe in %s colours, wide or narrow',
    async (colorScheme) => {
      const own = await at.browser.newContext({ colorScheme });
      const { page } = await openConsole(own, at.server.url);
      expect(await findings(page)).toEqual([]);
      await signIn(page, keys.default!);
      const turn = await askOnPage(page, 'When does the ferry to Grimsay leave?');
      expect(await findings(page)).toEqual([]);
      await turn.locator('.source').first().click();
      await page.locator('.passage.cited').waitFor();
      expect(await findings(page)).toEqual([]);
      await keepPicture(page, `ask-${colorScheme}`);
      await page.locator('.viewer').getByRole('button', { name: 'Close' }).click();
      await page.getByRole('link', { name: 'Documents' }).click();
      await page.locator('table.documents').waitFor();
      expect(await findings(page)).toEqual([]);
      await keepPicture(page, `documents-${colorScheme}`);
      await page.getByRole('link', { name: 'Operate' }).click();
      await page.locator('.histogram').waitFor();
      expect(await findings(page)).toEqual([]);
      await keepPicture(page, `operate-${colorScheme}`);
      await page.setViewportSize({ width: 390, height: 800 });
      for (const name of ['Ask', 'Documents', 'Operate']) {
        await page.getByRole('link', { name, exact: true }).click();
        await page.locator('h1').waitFor();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide).toBeLessThanOrEqual(390);
        expect(await findings(page)).toEqual([]);
        await keepPicture(page, `${name.toLowerCase()}-${colorScheme}-390`);
      }
      await own.close();
    },
  );

  it('is used by the keyboard alone', async () => {
    const { page } = await openConsole(at.context, at.server.url);
    await page.getByLabel('API key').focus();
    await page.keyboard.type(keys.acme!);
    await page.keyboard.press('Enter');
    await page.locator('textarea').waitFor();
    // The question has the focus.
    await page.keyboard.type('When does the ferry to Grimsay leave?');
    await page.keyboard.press('Enter');
    await page.locator('.turn[data-state="done"]').waitFor({ timeout: 120_000 });
    await page.locator('.source').first().focus();
    await page.keyboard.press('Enter');
    await page.locator('.passage.cited').waitFor();
    expect(await page.evaluate(() => document.activeElement?.closest('.viewer') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    // The page is drawn after the key, so the focus comes back a moment later.
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe('source');
  });
});
