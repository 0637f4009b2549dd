/**
 * Pictures and figures of the Console, with the samples of the demo in a directory of its own: docs/images/console-*.png;
 * the time until it can be used; and the first token as the page sees it against the server's own figure.
 * Usage: npm run console [-- --no-pictures] [--questions 20]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { buildConsole } from '../../infra/console/build.ts';
import { addOnPage, askOnPage, launchBrowser, openConsole } from '../support/browser.ts';
import { toPalette } from '../support/palette-png.ts';
import { PROJECT } from '../support/product/command.ts';
import { type Server, startServer } from '../support/product/server.ts';

const SAMPLES = join(PROJECT, 'functions/cli/samples');
const IMAGES = join(PROJECT, 'docs/images');
const QUESTIONS = [
  'What are the names of the two wind turbines?',
  'When is breakfast?',
  'How long does the day meeting last?',
  'How many days does a visit last?',
  'Who gives out the keys of the battery hall?',
];
const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { pictures: { type: 'boolean', default: true }, questions: { type: 'string', default: '20' } },
    allowNegative: true,
  });
  const data = mkdtempSync(join(tmpdir(), 'blockrag-console-'));
  const server = await startServer(data);
  const browser = await launchBrowser();
  try {
    await tellSizes();
    await addSamples(browser, server);
    await tellInteractive(browser, server);
    await tellFirstTokens(browser, server, Number(values.questions));
    if (values.pictures) await takePictures(browser, server);
  } finally {
    await browser.close();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

async function tellSizes(): Promise<void> {
  for (const [name, bytes] of await buildConsole()) {
    if (/\/pdf-[\d.]+\//.test(name)) continue;
    say(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  }
}

async function addSamples(browser: Browser, server: Server): Promise<void> {
  const { page } = await openConsole(browser, server.url, '#/documents');
  const names = readdirSync(SAMPLES).filter((name) => /\.(pdf|docx|html|md|txt)$/.test(name));
  await addOnPage(
    page,
    names.map((name) => ({ name, text: readFileSync(join(SAMPLES, name)) })),
  );
  await page
    .locator('.badge.ready')
    .nth(names.length - 1)
    .waitFor({ timeout: 300_000 });
  await page.close();
}

/** From the start of the navigation until a question can be written. */
async function tellInteractive(browser: Browser, server: Server): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext();
    const { page } = await openConsole(context, server.url);
    await page.locator('textarea').waitFor();
    times.push(await page.evaluate(() => performance.now()));
    await context.close();
  }
  say(`time until a question can be written, ms: ${times.map(Math.round).join(', ')}`);
}

async function tellFirstTokens(browser: Browser, server: Server, count: number): Promise<void> {
  const { page } = await openConsole(browser, server.url);
  const differences: number[] = [];
  for (let i = 0; i < count; i++) {
    await page.goto(`${server.url}/#/`);
    await page.locator('.turn').waitFor({ state: 'detached' });
    const turn = await askOnPage(page, QUESTIONS[i % QUESTIONS.length]!);
    const fact = turn.locator('[data-seen]');
    if ((await fact.count()) === 0) continue;
    const [seen, told] = [
      Number(await fact.getAttribute('data-seen')),
      Number(await fact.getAttribute('data-told')),
    ];
    differences.push(seen - told);
  }
  differences.sort((a, b) => a - b);
  const at = (share: number) => differences[Math.floor((differences.length - 1) * share)]!.toFixed(1);
  say(
    `first token on the page after the server's own figure, ms, of ${differences.length} questions: ` +
      `least ${at(0)}, median ${at(0.5)}, 90 % ${at(0.9)}, most ${at(1)}`,
  );
  await page.close();
}

async function takePictures(browser: Browser, server: Server): Promise<void> {
  const looks = [
    { name: 'light', colorScheme: 'light', width: 1280, height: 800 },
    { name: 'dark', colorScheme: 'dark', width: 1280, height: 800 },
    { name: 'narrow', colorScheme: 'light', width: 390, height: 844 },
  ] as const;
  for (const { name, colorScheme, width, height } of looks) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height } });
    const { page } = await openConsole(context, server.url, '#/documents');
    await page.locator('.badge.ready').first().waitFor();
    await picture(page, `documents-${name}`);
    await page.getByRole('link', { name: 'Ask', exact: true }).click();
    const turn = await askOnPage(page, QUESTIONS[0]!);
    await turn.locator('.source').first().click();
    await page.locator('.pdf-page mark').first().waitFor();
    await page.waitForTimeout(1000);
    await picture(page, `ask-${name}`);
    await page.keyboard.press('Escape');
    await turn.getByRole('button', { name: 'The same with full attention' }).click();
    await turn.locator('.lane.full.done').waitFor({ timeout: 120_000 });
    await turn.locator('.verdict').scrollIntoViewIfNeeded();
    await picture(page, `race-${name}`);
    await page.getByRole('link', { name: 'Operate' }).click();
    await page.locator('.histogram').first().waitFor();
    await picture(page, `operate-${name}`);
    await context.close();
  }
}

async function picture(page: Page, name: string): Promise<void> {
  const png = toPalette(await page.screenshot());
  writeFileSync(join(IMAGES, `console-${name}.png`), png);
  say(`console-${name}.png: ${png.length} bytes`);
}

await main();
