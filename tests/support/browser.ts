/** A real browser: Chromium of the system, without a screen. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { PROJECT } from './product/command.ts';
import type { Server } from './product/server.ts';

/** The Chromium to use: CHROMIUM, else what is on the PATH; undefined: there is none. */
export function findChromium(): string | undefined {
  if (process.env.CHROMIUM !== undefined) return process.env.CHROMIUM;
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no chromium: install it, or set CHROMIUM');
  // As root, in a container: what is opened is our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A server and a browser for the tests of a suite, made by its hooks. */
export interface InBrowser {
  readonly server: Server;
  /** A context of the browser, new for each test. */
  readonly context: BrowserContext;
  readonly browser: Browser;
}

/**
 * A suite of tests in a real browser. Where there is none they are skipped, and fail in CI.
 * @param start the server with what the tests need
 */
export function describeInBrowser(
  name: string,
  start: () => Promise<Server>,
  tests: (inBrowser: InBrowser) => void,
): void {
  describe.skipIf(findChromium() === undefined && !process.env.CI)(name, { timeout: 240_000 }, () => {
    let server: Server;
    let browser: Browser;
    let context: BrowserContext;
    beforeAll(async () => {
      server = await start();
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await server?.stop('SIGKILL');
    });
    beforeEach(async () => {
      context = await browser.newContext();
    });
    afterEach(() => context.close());
    tests({
      get server() {
        return server;
      },
      get browser() {
        return browser;
      },
      get context() {
        return context;
      },
    });
  });
}

/** A page of the Console, and what went wrong on it: errors, refused loads and failed policies. */
export async function openConsole(
  context: Browser | BrowserContext,
  url: string,
  hash = '#/',
): Promise<{ page: Page; wrong: string[] }> {
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    // Answers with an error are the tests' own.
    const expected = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !expected) wrong.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url)) wrong.push(request.url());
  });
  await page.goto(`${url}/${hash}`);
  // What is not drawn yet would be judged as an empty page.
  await page.locator('h1').waitFor({ state: 'attached' });
  return { page, wrong };
}

/** Keeps a picture of what is shown in artifacts/browser/, for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(PROJECT, 'artifacts/browser');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Asks a question on the page; gives its turn once the answer is complete. */
export async function askOnPage(page: Page, question: string) {
  const before = await page.locator('.turn').count();
  await page.locator('textarea').fill(question);
  await page.keyboard.press('Enter');
  const turn = page.locator('.turn').nth(before);
  await turn.and(page.locator('[data-state="done"]')).waitFor({ timeout: 120_000 });
  return turn;
}

/** Chooses files for upload. */
export async function addOnPage(page: Page, files: { name: string; text: string | Buffer }[]): Promise<void> {
  const payloads = files.map(({ name, text }) => ({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(text as string),
  }));
  await page.locator('input[data-test="files"]').setInputFiles(payloads);
}
