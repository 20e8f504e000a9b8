/** Writing and running in the cards of the built site. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openLab } from '../../grader/sandbox/node/lab.ts';
import { slimParser } from '../../site/build/playground.ts';
import { built, chromiumPath, filesIn, host, openBrowser, root, type Host } from './built.ts';
import { source } from './playground.ts';

const KILOBYTES = 220;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NEURON = 'chapter-1-mp/neuron.ts';
const KEY = `by-hand /some/where/ file ${NEURON}`;
const written = (body: string) => source.skeleton(NEURON).replace("throw new Error('TODO: step');", body);

let out = '';
let remove: () => void = () => undefined;
let place: Host;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let said: string[] = [];

beforeAll(async () => {
  ({ out, remove } = await built({
    today: '2026-09-01',
    settings: (settings) => ({
      ...settings,
      solutions: { 'chapter-1': '2026-09-01' },
      inPageExcept: { 'chapter-2': { oracles: false } },
    }),
  }));
  place = await host(out);
  if (chromiumPath) browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  place?.close();
  remove();
});

/** A new browser profile on the neuron's page. */
async function fresh(options: { width?: number; path?: string; before?: () => void } = {}): Promise<void> {
  context = await browser.newContext({ viewport: { width: options.width ?? 1300, height: 900 } });
  if (options.before) await context.addInitScript(options.before);
  page = await context.newPage();
  said = [];
  page.on('console', (message) => /error|warning/.test(message.type()) && said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  await page.goto(`${place.url}${options.path ?? 'chapter-1-mp/neuron/'}`);
}
afterEach(async () => {
  await context?.close();
  expect(said).toEqual([]);
});

const card = (name = 'step') => page.locator(`#exercise-${name}`);
const open = async (name = 'step') => {
  await card(name).locator('.solve button').click();
  await card(name).locator('.cm-content').waitFor();
};
/** Puts a text into the editor as a paste does. */
const put = async (text: string) => {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
};
/** What axe finds in a part of the page, in both themes. */
const axe = async (where: string): Promise<string[]> => {
  const all: string[] = [];
  await page.evaluate(axeSource);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(async (part) => {
      const { axe } = globalThis as unknown as { axe: { run: (where: object) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }; // prettier-ignore
      const { violations } = await axe.run({ include: [[part]] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
    }, where);
    all.push(...found);
  }
  return all;
};
const run = async (): Promise<string> => {
  await page.keyboard.press('Control+Enter');
  await page.locator('.workbench:not([aria-busy]) .verdict').waitFor();
  return page.locator('.verdicts').innerText();
};
const text = () =>
  page.evaluate(() => [...document.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));
const stored = () => page.evaluate((key) => JSON.parse(localStorage.getItem(key) ?? 'null') as { text: string; base: string; kept: { text: string; why: string }[] } | null, KEY); // prettier-ignore

describe.skipIf(!chromiumPath)('a card', () => {
  test('opens, by keyboard, at its function; grades; and shows what the command line shows', async () => {
    await fresh();
    await card().locator('.solve button').focus();
    await page.keyboard.press('Enter');
    await page.locator('.cm-content').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Your code for step, in chapter-1-mp/neuron.ts'); // prettier-ignore
    expect(await page.locator('.workbench .about').first().innerText()).toContain('self-check');
    // The cursor stands where there is something to write.
    await page.keyboard.press('Shift+End');
    await page.keyboard.type('return z > 0 ? 1 : 0;');
    const wrong = await run();
    expect(wrong).toContain('step: the result is not right');
    expect(wrong).toContain('Everything is right except exactly at the edge.');
    expect(wrong).toMatch(/npm run grade chapter-1\/neuron\/step -- --case \S+/);
    expect(await page.locator('.workbench .status').innerText()).toContain('step: the result is not right');
    // Out of the editor, on to Run.
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Run');
    await put(written('return z >= 0 ? 1 : 0;'));
    expect(await run()).toContain('step is right: 1 check, 1 of 1 point.');
    expect(await card().locator('header .earned').innerText()).toBe('✓ 1 of 1 points here');
  });

  test('a syntax error is shown at its line', async () => {
    await fresh();
    await open();
    await put(written('return (z >= ;'));
    const found = await run();
    expect(found).toContain('Unexpected ";"');
    expect(found).toContain('return (z >= ;');
    await page.getByRole('button', { name: /Go to line \d+/ }).click();
    expect(await page.evaluate(() => document.activeElement?.className)).toContain('cm-content');
  });

  test('what was written is there after a reload, is not run by itself, and shows on path and contents', async () => {
    await fresh();
    await open();
    await put(written('return z >= 0 ? 1 : 0;'));
    await run();
    await page.reload();
    expect(await page.locator('.contents .earned').first().innerText()).toBe('1 of 13 points here');
    place.sent.length = 0;
    await open();
    expect(await text()).toContain('return z >= 0 ? 1 : 0;');
    expect(place.sent.filter(({ path }) => path.includes('judge'))).toEqual([]);
    expect(await page.locator('.verdict, iframe').count()).toBe(0);
    await page.goto(place.url);
    expect(await page.locator('[data-progress^="chapter-1 "] .earned').innerText()).toContain('1 of ');
    await page.goto(`${place.url}chapter-1-mp/`);
    expect(await page.locator('.holdings .earned').first().innerText()).toBe('1 of 13 points here');
  });

  test('saved before it runs, also what never comes to an end; Stop gives the page back', async () => {
    await fresh();
    await open();
    await put(written('for (;;);'));
    await page.keyboard.press('Control+Enter');
    expect((await stored())?.text).toContain('for (;;);');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped. Nothing was graded.').waitFor();
    await put(written('return z >= 0 ? 1 : 0;'));
    expect(await run()).toContain('step is right');
  });

  test('a new version of the course’s file: both are kept, and what changed is shown', async () => {
    await fresh();
    const old = source.skeleton(NEURON).replace('The step function', 'The old step function');
    const mine = old.replace("throw new Error('TODO: step');", 'return 1; // mine');
    await page.evaluate(([key, value]) => localStorage.setItem(key!, value!), [KEY, JSON.stringify({ text: mine, base: old, kept: [] })]); // prettier-ignore
    await page.reload();
    await open();
    expect(await text()).toContain('// mine');
    await page.getByText('What has changed in the course’s file').click();
    expect(await page.locator('.diff del').first().innerText()).toContain('The old step function');
    await page.getByRole('button', { name: 'Take the new file' }).click();
    expect(await text()).not.toContain('// mine');
    expect((await stored())!.kept).toMatchObject([{ text: mine, why: 'update' }]);
    await page.locator('.earlier summary').click();
    await page.getByRole('button', { name: 'Bring back' }).click();
    expect(await text()).toContain('// mine');
  });

  test('start over, a file out and a file in: nothing is lost', async () => {
    await fresh();
    await open();
    await put(written('return 7;'));
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a file' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('neuron.ts');
    // As it stands in a copy of the course.
    expect(readFileSync(await file.path(), 'utf8')).toBe(written('return 7;'));
    await page.getByRole('button', { name: 'Start over' }).click();
    expect(await text()).toContain('TODO: step');
    const chosen = { name: 'neuron.ts', mimeType: 'text/plain', buffer: Buffer.from(`\uFEFF${written('return 8;').replaceAll('\n', '\r\n')}`) }; // prettier-ignore
    await page.locator('.workbench input[type=file]').setInputFiles(chosen);
    await page.getByText('neuron.ts is open').waitFor();
    expect((await stored())!.text).toBe(written('return 8;'));
    expect((await stored())!.kept.map((each) => each.text)).toContain(written('return 7;'));
    expect(await page.locator('.verdict').count()).toBe(0);
    await page.locator('.workbench input[type=file]').setInputFiles({ name: 'x.zip', mimeType: 'application/zip', buffer: Buffer.from([80, 75, 0, 0]) }); // prettier-ignore
    await page.getByText('x.zip is no text file').waitFor();
    expect(await text()).toContain('return 8;');
  });

  test('a browser that keeps nothing, and one that is full, say so; the code runs all the same', async () => {
    await fresh({
      before: () => {
        Storage.prototype.setItem = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
      },
    });
    await open();
    await put(written('return z >= 0 ? 1 : 0;'));
    expect(await run()).toContain('step is right');
    expect(await page.locator('.notice.storage').innerText()).toContain('Save as a file');
    await page.locator('.cm-content').focus();
    await page.keyboard.press('Control+Home');
    for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowDown');
    expect(await text()).toContain('return z >= 0 ? 1 : 0;');
  });

  test('another tab’s version is kept too', async () => {
    await fresh();
    await open();
    await put(written('return 1;'));
    await page.keyboard.press('Control+Enter');
    await page.locator('.verdict').waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await other.evaluate(([key, value]) => localStorage.setItem(key!, value!), [KEY, JSON.stringify({ text: written('return 2;'), base: source.skeleton(NEURON), kept: [] })]); // prettier-ignore
    await page.getByText('changed in another tab').waitFor();
    await put(written('return 3;'));
    await run();
    const kept = await stored();
    expect(kept!.text).toBe(written('return 3;'));
    expect(kept!.kept.map((each) => each.text)).toContain(written('return 2;'));
  });

  test('hints open one by one; the solution only after an attempt', async () => {
    await fresh();
    expect(await card().locator('> details.solution').isVisible()).toBe(false);
    await open();
    await put(written('return 0;'));
    await run();
    await page.getByRole('button', { name: 'Open a hint' }).click();
    expect(await card().locator('details.hints > p').isVisible()).toBe(true);
    expect(await card().locator('details.hint').first().getAttribute('open')).toBeNull();
    await page.getByRole('button', { name: 'Open a hint' }).click();
    expect(await card().locator('details.hint').first().getAttribute('open')).not.toBeNull();
    expect(await card().locator('> details.solution').isVisible()).toBe(true);
    expect(await card('mpNeuron').locator('> details.solution').isVisible()).toBe(false);
  });

  test('one text for all cards of a file, the whole file graded at once', async () => {
    await fresh();
    await open();
    await put(written('return z >= 0 ? 1 : 0;'));
    await open('mpNeuron');
    expect(await page.locator('.workbench').count()).toBe(1);
    expect(await card('mpNeuron').locator('.workbench').count()).toBe(1);
    await page.getByRole('button', { name: 'Run all of this file' }).click();
    await page.locator('.verdict h4').first().waitFor();
    expect(await page.locator('.verdicts').innerText()).toContain('mpNeuron is not written yet');
    expect(await page.locator('.workbench .status').innerText()).toBe('1 of 13 points');
  });

  test('on a phone, in both themes, in Chinese: it fits, and axe finds nothing', async () => {
    await fresh({ width: 360, path: 'zh/chapter-1-mp/neuron/' });
    await open();
    await put(written('return z > 0 ? 1 : 0;'));
    const shown = await run();
    expect(shown).toContain('对这个输入');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    expect(await axe('.workbench')).toEqual([]);
  });

  /** Solutions in the place of what a reader has written, in the browser's storage; `spoil` changes one. */
  const solved = (chapters: string[], spoil: (file: string, text: string) => string = (_, text) => text) => {
    const files = source.files().filter((file) => chapters.some((chapter) => file.startsWith(`${chapter}-`)));
    return files.map((file) => {
      const text = spoil(file, readFileSync(join(root, 'solutions', file), 'utf8'));
      return [`by-hand /some/where/ file ${file}`, JSON.stringify({ text, base: source.skeleton(file), kept: [] })];
    }) as [string, string][];
  };
  const onLab = async (chapter: string, kept: [string, string][], options: Parameters<typeof fresh>[0] = {}) => {
    await fresh({ path: `${chapter}/`, ...options });
    await page.evaluate((all) => all.forEach(([key, value]) => localStorage.setItem(key, value)), kept);
    await page.locator('.lab-here .solve button').click();
  };
  const status = () => page.locator('.lab-here .status');
  const ended = () => page.locator('.lab-here .workbench:not([aria-busy])').waitFor({ timeout: 60_000 });

  test('a lab trains with what the reader wrote, and says what it says on the command line', async () => {
    await onLab('chapter-1-mp', solved(['chapter-1']));
    await ended();
    expect(await status().innerText()).toBe('The lab is done.');
    const printed: string[] = [];
    const saved: string[] = [];
    const lab = await openLab({
      chapters: join(root, 'solutions'),
      tensor: join(root, 'solutions/tensor/index.ts'),
      chapter: 'chapter-1-mp',
      on: { print: (text) => printed.push(text), progress: () => undefined, save: (name) => saved.push(name) },
    });
    expect(await lab.done).toEqual({ kind: 'done' });
    expect(await page.locator('.lab-log').textContent()).toBe(`${printed.join('\n')}\n`);
    expect(await page.locator('.lab-pictures figcaption').allInnerTexts()).toEqual(saved);
    const pictures = page.locator('.lab-pictures img');
    for (let i = 0; i < saved.length; i++) {
      await expect
        .poll(() => pictures.nth(i).evaluate((image: HTMLImageElement) => image.naturalWidth))
        .toBeGreaterThan(100);
      expect(await pictures.nth(i).getAttribute('alt')).not.toBe('');
    }
    expect(await page.locator('.lab-curve').getAttribute('aria-label')).toContain('XOR');
    expect(await page.locator('.lab-curve polyline').count()).toBeGreaterThan(1);
  });

  test('a lab of functions that are not written says which, and where', async () => {
    await onLab('chapter-1-mp', []);
    await ended();
    expect(await status().innerText()).toMatch(/^This lab needs \w+, which is not written yet\.$/);
    await status().locator('a').click();
    await page.waitForURL(/chapter-1-mp\/(neuron|perceptron|linear-unit)\/#exercise-\w+$/);
    expect(await page.locator(':target').count()).toBe(1);
  });

  test('a lab in a circle is stopped at once; the curve grows while one learns, and stays', async () => {
    const endless = solved(['chapter-2', 'chapter-3'], (file, text) =>
      file.endsWith('/rnn.ts') ? text.replace(/(export function rnnForward\([^]*?\): [^]*?\{\n)/, '$1  for (;;);\n') : text,
    ); // prettier-ignore
    expect(endless.some(([, value]) => value.includes('for (;;);'))).toBe(true);
    await onLab('chapter-3-rnn', endless);
    const stop = page.locator('.lab-here').getByRole('button', { name: 'Stop' });
    expect(await stop.evaluate((button) => document.activeElement === button)).toBe(true);
    await page.locator('.lab-log', { hasText: 'learns to add' }).waitFor();
    await page.keyboard.press('Enter');
    await ended();
    expect(await status().innerText()).toBe('Stopped. What it had shown is still here.');
    expect(await page.locator('iframe').count()).toBe(0);

    const right = solved(['chapter-2', 'chapter-3']);
    await page.evaluate((all) => all.forEach(([key, value]) => localStorage.setItem(key, value)), right);
    await page.keyboard.press('Enter');
    await page.locator('.lab-curve polyline').waitFor({ timeout: 60_000 });
    const points = () => page.locator('.lab-curve polyline').evaluate((line) => line.getAttribute('points')!.split(' ').length); // prettier-ignore
    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThan(2);
    await stop.click();
    await ended();
    expect(await points()).toBeGreaterThan(2);
    expect(await page.locator('.lab-curve').getAttribute('aria-label')).toMatch(/from 0\.\d+ to 0\.\d+ in \d+ values/);
    expect(await page.locator('.lab-here .solve button').isEnabled()).toBe(true);
  });

  test('an error in a lab has its place; what a lab is made of cannot reach the page', async () => {
    const kept = solved(['chapter-1'], (file, text) =>
      file.endsWith('/perceptron.ts') ? `${text}\nconsole.log(typeof fetch, typeof postMessage, typeof document);\n` : text.replace(/(export function evaluateNetwork\([^]*?\{\n)/, "$1  throw new RangeError('too far');\n"),
    ); // prettier-ignore
    await onLab('chapter-1-mp', kept);
    await ended();
    expect(await status().innerText()).toMatch(
      /^The lab stopped: RangeError: too far, in chapter-1-mp\/neuron\.ts:\d+$/,
    );
    expect(await page.locator('.lab-log').textContent()).not.toContain('function');
  });

  test('a lab on a phone, in Chinese: it fits, and axe finds nothing', async () => {
    await onLab('chapter-1-mp', solved(['chapter-1']), { width: 360, path: 'zh/chapter-1-mp/' });
    await ended();
    expect(await status().innerText()).toBe('实验完成。');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    expect(await axe('.lab-here')).toEqual([]);
  });

  test('where an instructor keeps the definitions back, there is no such card', async () => {
    await fresh({ path: 'chapter-2-bp/chain-rule/' });
    expect(await page.locator('.exercise').count()).toBeGreaterThan(0);
    expect(await page.locator('.solve').count()).toBe(0);
    expect(filesIn(out).filter((file) => /assets\/chapter-2-bp-/.test(file))).toEqual([]);
    expect(filesIn(out).some((file) => /assets\/chapter-1-mp-/.test(file))).toBe(true);
  });
});

/** A script and all that it imports at once. */
function loadedWith(file: string, known: string[] = []): string[] {
  if (known.includes(file)) return known;
  known.push(file);
  const text = readFileSync(join(out, file), 'utf8');
  for (const [, other] of text.matchAll(/(?:^|[;}])import(?:[^;"']*?from)?\s*["']\.\/([\w-]+\.js)["']/g))
    loadedWith(`assets/${other}`, known);
  return known;
}

test(`editor and stripper weigh at most ${KILOBYTES} KB, the judge comes with the first run`, async () => {
  const name = filesIn(out).filter((file) => /assets\/workbench-/.test(file));
  expect(name).toHaveLength(1);
  const page = filesIn(out).filter((file) => /assets\/main-/.test(file));
  // With the pieces that it shares with others, but for what every page has anyway.
  const editor = loadedWith(name[0]!).filter((file) => !page.flatMap((each) => loadedWith(each)).includes(file));
  const stripper = await build({ entryPoints: [join(root, 'grader/sandbox/strip.ts')], bundle: true, write: false, minify: true, format: 'esm', target: 'es2022', plugins: [slimParser] }); // prettier-ignore
  const size = (content: string | Uint8Array) => gzipSync(content).length / 1024;
  const kilobytes = editor.reduce(
    (sum, file) => sum + size(readFileSync(join(out, file))),
    size(stripper.outputFiles[0]!.contents),
  );
  if (process.env.SHOW_WEIGHTS) console.log(kilobytes, editor);
  expect(kilobytes).toBeLessThan(KILOBYTES);
  for (const file of editor) expect(readFileSync(join(out, file), 'utf8')).not.toContain('Everything is right except');
});
