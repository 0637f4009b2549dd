import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { askOnPage, describeInBrowser, openConsole } from '../support/browser.ts';
import { PROJECT } from '../support/product/command.ts';
import { temporaryDirectory } from '../support/product/directory.ts';
import { type Server, settled, startServer, uploadText } from '../support/product/server.ts';
import { FERRY, LIGHTHOUSE } from '../support/product/texts.ts';

const QUESTION = 'When does the ferry to Grimsay leave?';
const TURBINES = 'What are the names of the two wind turbines?';
const data = temporaryDirectory();

async function start(): Promise<Server> {
  const server = await startServer(data);
  const pdf = readFileSync(`${PROJECT}/functions/cli/samples/handbook.pdf`);
  const form = new FormData();
  form.set('file', new Blob([pdf]), 'handbook.pdf');
  const response = await server.fetch('/v1/documents', { method: 'POST', body: form });
  await settled(server, ((await response.json()) as { id: string }).id);
  await uploadText(server, 'ferry.md', FERRY, 'island');
  await uploadText(server, 'lighthouse.md', LIGHTHOUSE, 'island');
  await uploadText(
    server,
    'hostile.txt',
    '<script>document.title="stolen"</script><img src=x onerror="document.title=\'stolen\'"> The harbour master of Grimsay is <b>Una Flett</b>.',
    'hostile',
  );
  return server;
}

describeInBrowser('the Console, asked', start, (at) => {
  it('streams an answer and shows its sources, the attention and the cost', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('island');
    await page.locator('textarea').fill(QUESTION);
    const grown: number[] = [];
    await page.exposeFunction('grew', (length: number) => grown.push(length));
    await page.evaluate(() => {
      const watch = () => {
        const text = document.querySelector('.markdown')?.textContent ?? '';
        (globalThis as unknown as { grew(length: number): void }).grew(text.length);
      };
      new MutationObserver(watch).observe(document.body, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
    await page.keyboard.press('Enter');
    const turn = page.locator('.turn[data-state="done"]');
    await turn.waitFor({ timeout: 120_000 });
    // It came in pieces.
    expect(new Set(grown.filter((length) => length > 0)).size).toBeGreaterThan(1);
    expect(await turn.locator('.source').first().textContent()).toContain('ferry.md');
    expect(await turn.locator('.grounding li').count()).toBe(await turn.locator('.source').count());
    expect(await turn.locator('.cost').textContent()).toMatch(
      /\d+ tokens reused.*\d+ computed.*first token after/,
    );
    expect(await turn.locator('.cite').first().textContent()).toBe('1');
    expect(wrong).toEqual([]);
  });

  it('opens a cited PDF at the page, with the words of the passage marked', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('default');
    const turn = await askOnPage(page, TURBINES);
    await turn.locator('.source', { hasText: 'page 3' }).first().click();
    const marks = page.locator('.pdf-page[data-page="3"] mark');
    await marks.first().waitFor();
    const marked = (await marks.allTextContents()).join(' ');
    expect(marked).toContain('Two wind turbines of 150 kilowatts each stand on the west ridge');
    // Nothing of the page's other sections.
    expect(marked).not.toContain('Breakfast');
    expect(await page.locator('.pdf-page:not([data-page="3"]) mark').count()).toBe(0);
    const inView = await marks.first().evaluate((mark) => {
      const { top } = mark.getBoundingClientRect();
      return top > 0 && top < innerHeight;
    });
    expect(inView).toBe(true);
    // The words lie where they are drawn, and nothing has moved the page itself.
    const widths = await page.evaluate(() =>
      ['canvas', '.textLayer'].map((part) => {
        return document.querySelector(`.pdf-page[data-page="3"] ${part}`)!.getBoundingClientRect().width;
      }),
    );
    expect(Math.abs(widths[0]! - widths[1]!)).toBeLessThan(2);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    expect(wrong).toEqual([]);

    await page.getByRole('tab', { name: 'Passages' }).click();
    expect(await page.locator('.passage.cited').textContent()).toContain('Flora and Fergus');
    await page.keyboard.press('Escape');
    expect(await page.locator('.viewer').count()).toBe(0);
  });

  it('takes a follow-up question with the conversation before it', async () => {
    const { page } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('island');
    await askOnPage(page, 'Who built the lighthouse of Grimsay?');
    const asked = page.waitForRequest('**/v1/query');
    const turn = await askOnPage(page, 'And when was it built?');
    const { earlier } = (await asked).postDataJSON() as { earlier: { role: string; content: string }[] };
    expect(earlier).toMatchObject([
      { role: 'user', content: 'Who built the lighthouse of Grimsay?' },
      { role: 'assistant' },
    ]);
    expect(await turn.locator('.source').first().textContent()).toContain('lighthouse.md');
  });

  it('stops an answer, and asks again', async () => {
    const { page } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('default');
    await page.getByRole('radio', { name: 'Full' }).check();
    await page.locator('textarea').fill(TURBINES);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.turn[data-state="stopped"]').waitFor();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.locator('.turn[data-state="done"]').waitFor({ timeout: 120_000 });
    expect(await page.locator('.turn').count()).toBe(1);
    expect(await page.locator('.fact.strong').textContent()).toBe('Full');
  });

  it('keeps a conversation with its citations, even of a document that was deleted since', async () => {
    const { id } = await uploadText(
      at.server,
      'kiosk.md',
      '# Kiosk\n\nThe kiosk sells stamps until five.',
      'kiosk',
    );
    const { page } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('kiosk');
    await askOnPage(page, 'Until when does the kiosk sell stamps?');
    const link = page.url();
    expect(link).toMatch(/#\/c\/[0-9a-f]+$/);
    await page.reload();
    await page.locator('.source').first().waitFor();
    expect(await page.locator('.source').first().textContent()).toContain('kiosk.md');
    await at.server.fetch(`/v1/documents/${id}`, { method: 'DELETE' });
    await page.goto('about:blank');
    await page.goto(link);
    await page.locator('.source').first().click();
    await page.getByText('The document was deleted.').waitFor();
    expect(await page.locator('.decayed').textContent()).toContain('The kiosk sells stamps until five.');
  });

  it('keeps to each answer its own citations: after another conversation, a failure, a reload, a replacement', async () => {
    await uploadText(at.server, 'pier.md', '# Pier\n\nThe old pier of Grimsay is 84 metres long.', 'pier');
    const { page } = await openConsole(at.context, at.server.url);
    const collection = page.locator('.composer select');
    const cited = (turn: number) => page.locator('.turn').nth(turn).locator('.source').allTextContents();
    await collection.selectOption('pier');
    await askOnPage(page, 'How long is the old pier of Grimsay?');
    const link = page.url();
    await page.route('**/v1/query', (route) => route.abort());
    await page.locator('textarea').fill('How wide is it?');
    await page.keyboard.press('Enter');
    await page.locator('.turn[data-state="failed"]').waitFor();
    await page.unroute('**/v1/query');
    await collection.selectOption('island');
    await askOnPage(page, QUESTION);
    const before = [await cited(0), await cited(1), await cited(2)];
    expect(before[0]!.join()).toContain('pier.md');
    expect(before[1]).toEqual([]);
    expect(before[2]![0]).toContain('ferry.md');

    await page.getByRole('link', { name: 'New conversation' }).click();
    await askOnPage(page, 'Who built the lighthouse of Grimsay?');
    expect((await cited(0))[0]).toContain('lighthouse.md');
    await page.getByRole('link', { name: /How long is the old pier/ }).click();
    await page.locator('.turn').nth(2).waitFor();
    expect([await cited(0), await cited(1), await cited(2)]).toEqual(before);

    await uploadText(at.server, 'pier.md', '# Pier\n\nThe old pier of Grimsay is gone.', 'pier');
    await page.goto('about:blank');
    await page.goto(link);
    await page.locator('.turn').nth(2).waitFor();
    expect([await cited(0), await cited(1), await cited(2)]).toEqual(before);
    await page.locator('.turn').first().locator('.source').first().click();
    await page.locator('.decayed').waitFor();
    expect(await page.locator('.decayed').textContent()).toContain('is 84 metres long');
    expect(await page.locator('.passage').first().textContent()).toContain('is gone');
  });

  it('shows HTML and scripts of documents as the text that they are', async () => {
    const { page, wrong } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('hostile');
    const turn = await askOnPage(page, 'Who is the harbour master of Grimsay?');
    await turn.locator('.source').first().click();
    const passage = page.locator('.passage.cited');
    await passage.waitFor();
    expect(await passage.textContent()).toContain('<script>document.title="stolen"</script>');
    expect(await page.locator('.passage script, .passage img, .excerpt script, .excerpt img').count()).toBe(
      0,
    );
    expect(await page.title()).not.toContain('stolen');
    expect(wrong).toEqual([]);
  });

  it('races block against full attention', async () => {
    const { page } = await openConsole(at.context, at.server.url);
    await page.locator('.composer select').selectOption('default');
    const turn = await askOnPage(page, TURBINES);
    await turn.getByRole('button', { name: 'The same with full attention' }).click();
    await turn.locator('.lane.full.done').waitFor({ timeout: 120_000 });
    expect(await turn.locator('.lane.block').textContent()).toMatch(/[1-9][\d,]* tokens reused/);
    expect(await turn.locator('.lane.full').textContent()).toContain('0 tokens reused');
    expect(await turn.locator('.verdict').textContent()).not.toBe('');
  });

  it('tells when the server is gone in the middle of an answer, and goes on when it is back', async () => {
    const own = temporaryDirectory();
    let other = await startServer(own);
    const { port } = new URL(other.url);
    await uploadText(other, 'ferry.md', FERRY);
    const { page } = await openConsole(at.context, other.url);
    await page.locator('textarea').fill(QUESTION);
    await page.route('**/v1/query', async (route) => {
      await other.stop('SIGKILL');
      await route.continue();
    });
    await page.keyboard.press('Enter');
    await page.locator('.turn[data-state="failed"] .problem').waitFor();
    await page.unroute('**/v1/query');
    other = await startServer(own, {}, ['--port', port]);
    try {
      await page.getByRole('button', { name: 'Ask again' }).click();
      await page.locator('.turn[data-state="done"]').waitFor({ timeout: 120_000 });
    } finally {
      await other.stop('SIGKILL');
    }
  });
});
