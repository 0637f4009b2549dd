import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { addOnPage, describeInBrowser, openConsole } from '../support/browser.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, startServer } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE, manyPassages } from '../support/product/texts.ts';

const MAX_BYTES = 300_000;

async function start(): Promise<Server> {
  const server = await startServer(temporaryDirectory(), { BLOCKRAG_MAX_DOCUMENT_BYTES: String(MAX_BYTES) });
  return server;
}

describeInBrowser('the Console of documents', start, (at) => {
  const row = (page: Page, name: string) => page.locator('table.documents tbody tr', { hasText: name });

  it('takes files, follows them until they are ready, and tells why one failed', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url, '#/documents');
    const seen = new Set<string>();
    await page.exposeFunction('sawStatus', (text: string) => seen.add(text));
    await page.evaluate(() => {
      const tell = (globalThis as unknown as { sawStatus(text: string): void }).sawStatus;
      new MutationObserver(() => {
        for (const badge of document.querySelectorAll('.badge')) tell(badge.textContent ?? '');
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    await addOnPage(page, [
      { name: 'notes.md', text: manyPassages(60, 0) },
      { name: 'bad.txt', text: 'a\0b' },
    ]);
    await row(page, 'notes.md').locator('.badge.ready').waitFor({ timeout: 120_000 });
    expect([...seen].some((text) => /^Encoding \d+ of \d+ passages$/.test(text))).toBe(true);
    expect([...seen].some((text) => text.startsWith('Sending'))).toBe(true);
    await row(page, 'bad.txt').locator('.badge.failed').waitFor();
    expect(await row(page, 'bad.txt').textContent()).toContain('then replace it');
    expect(wrong).toEqual([]);

    // What failed is replaced by a file that can be read.
    await row(page, 'bad.txt')
      .locator('input[type="file"]')
      .setInputFiles([{ name: 'any.txt', mimeType: 'text/plain', buffer: Buffer.from(LIGHTHOUSE) }]);
    await row(page, 'bad.txt').locator('.badge.ready').waitFor({ timeout: 60_000 });
  });

  it('takes folders by their paths, dropped and chosen', async () => {
    const folder = join(temporaryDirectory(), 'island');
    mkdirSync(join(folder, 'harbour'), { recursive: true });
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, 'harbour/boats.md'), FERRY);
    writeFileSync(join(folder, 'lighthouse.txt'), LIGHTHOUSE);
    writeFileSync(join(folder, '.git/config.txt'), 'left out');
    const names = async (page: Page) =>
      (await page.locator('table.documents tbody tr').allTextContents()).join('\n');

    const { page, wrong } = await openConsole(at.context, at.server.url, '#/documents');
    await page.getByLabel('Into collection').fill('dropped');
    // As the browser gets it from the desktop: with a folder that it reads itself.
    const protocol = await at.context.newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await protocol.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
    }
    await row(page, 'island/harbour/boats.md').locator('.badge.ready').waitFor({ timeout: 60_000 });
    await row(page, 'island/lighthouse.txt').locator('.badge.ready').waitFor({ timeout: 60_000 });
    expect(await names(page)).not.toContain('config.txt');

    await page.getByLabel('Into collection').fill('chosen');
    await page.locator('input[data-test="folder"]').setInputFiles(folder);
    await row(page, 'chosen').nth(1).locator('.badge.ready').waitFor({ timeout: 60_000 });
    expect(await row(page, 'chosen').count()).toBe(2);
    expect(wrong).toEqual([]);
  });

  it('tells why an upload was refused', async () => {
    const { page } = await openConsole(at.context, at.server.url, '#/documents');
    await addOnPage(page, [{ name: 'large.txt', text: 'x'.repeat(2 * MAX_BYTES) }]);
    await row(page, 'large.txt').locator('.badge.failed').waitFor();
    expect(await row(page, 'large.txt').textContent()).toContain('Split the file into parts');
    await row(page, 'large.txt').getByRole('button', { name: 'Dismiss' }).click();
    await row(page, 'large.txt').waitFor({ state: 'detached' });
  });

  it('shows what is stored of a document, saves the original, and deletes it once that is confirmed', async () => {
    const { page } = await openConsole(at.context, at.server.url, '#/documents');
    await addOnPage(page, [{ name: 'ferry.md', text: FERRY }]);
    await row(page, 'ferry.md').locator('.badge.ready').waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: 'ferry.md' }).click();
    await page.locator('.passage').waitFor();
    expect(await page.locator('.passage').textContent()).toMatch(
      /Passage 1, \d+ tokens, \d+ kB stored.*leaves the north pier/s,
    );
    const saved = page.waitForEvent('download');
    await page.locator('.viewer').getByRole('button', { name: 'Download' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toBe('ferry.md');
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(FERRY);
    await page.locator('.viewer').getByRole('button', { name: 'Close' }).click();

    const remove = row(page, 'ferry.md').getByRole('button', { name: 'Delete: ferry.md' });
    await remove.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await remove.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row(page, 'ferry.md').waitFor({ state: 'detached' });
  });

  it('lists 200 documents, and finds some of them', async () => {
    const documents = Array.from({ length: 200 }, (_, i) => ({
      name: `note-${i}.txt`,
      text: `Note ${i}.`,
      collection: i % 2 === 0 ? 'even' : 'odd',
    }));
    await at.server.post('/v1/documents/bulk', documents);
    const { page } = await openConsole(at.context, at.server.url, '#/documents');
    const rows = page.locator('table.documents tbody tr');
    await expect.poll(() => rows.count()).toBe(100);
    await page.getByRole('button', { name: /^Show \d+ more$/ }).click();
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(200);
    await page.getByPlaceholder('Search by name or title').fill('note-19');
    await expect.poll(() => rows.count()).toBe(11);
    await page.locator('.filters select').first().selectOption('even');
    await expect.poll(() => rows.count()).toBe(5);
  });
});
