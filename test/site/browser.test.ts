/** Every page of the built site, in a real browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { HtmlValidate } from 'html-validate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, chromiumPath, filesIn, host, openBrowser, type Host } from './built.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// 1160: notes have just found room in the margin.
const WIDTHS = [360, 900, 1160, 1400];
const THEMES = ['light', 'dark'] as const;
const KILOBYTES = 150;
const REQUESTS = 20;

let out = '';
let remove: () => void = () => undefined;
let place: Host;
let browser: Browser;
let pages: string[] = [];
/** Without the Chinese frames around lessons that are still English: their text is that of the English page. */
let distinct: string[] = [];

beforeAll(async () => {
  ({ out, remove } = await built());
  place = await host(out);
  if (chromiumPath) browser = await openBrowser();
  pages = filesIn(out)
    .filter((file) => file.endsWith('index.html'))
    .map((file) => file.replace(/index\.html$/, ''))
    .sort();
  distinct = pages.filter((path) => !path.startsWith('zh/chapter-') || path.startsWith('zh/chapter-1'));
}, 300_000);

afterAll(async () => {
  await browser?.close();
  place?.close();
  remove();
});

/** What is wrong with the pages, in lines; two pages at a time. */
async function everyPage(
  paths: readonly string[],
  look: (page: Page, path: string) => Promise<string[]>,
): Promise<string[]> {
  const waiting = [...paths];
  const wrong: string[] = [];
  const worker = async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    let said: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') said.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => said.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => said.push(`request failed: ${request.url()}`));
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      said = [];
      await page.setViewportSize({ width: 1400, height: 900 });
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(place.url + path);
      said.push(...(await look(page, path)));
      wrong.push(...said.map((what) => `/${path}: ${what}`));
    }
    await page.close();
  };
  await Promise.all([worker(), worker()]);
  return wrong.sort();
}

/** What axe finds, one line for each rule and place. */
async function axe(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: { run: (where: object, options: object) => Promise<AxeResult> } };
    const options = only ? { runOnly: { type: 'rule', values: only } } : {};
    const { violations } = await axe.run(document, { ...options, resultTypes: ['violations'] });
    return violations.map(
      (v) =>
        `axe ${v.id}: ${v.help}: ${v.nodes
          .slice(0, 3)
          .map((n) => n.html.slice(0, 140))
          .join(' | ')}`,
    );
  }, rules);
}
interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string }[] }[];
}

/** Formulas and code are thousands of elements of a few kinds: most of axe's time. A sign and the text stay. */
const flatten = (page: Page) =>
  page.evaluate(() => {
    for (const formula of document.querySelectorAll('.katex')) formula.replaceWith('…');
    for (const line of document.querySelectorAll('pre .line')) line.replaceChildren(line.textContent);
  });

describe('as plain files', () => {
  it('has valid HTML on every page', async () => {
    const validator = new HtmlValidate({
      extends: ['html-validate:recommended'],
      rules: {
        // KaTeX places its signs with styles, and figures say their least width.
        'no-inline-style': 'off',
        // Long titles are the lessons' own; search engines cut them.
        'long-title': 'off',
        // Prettier's and our own habit.
        'void-style': ['error', { style: 'omit' }],
        'doctype-style': 'off',
        'no-trailing-whitespace': 'off',
        // Formulas carry MathML, whose annotation holds TeX.
        'no-raw-characters': 'off',
      },
    });
    const wrong: string[] = [];
    for (const path of [...distinct.map((page) => `${page}index.html`), '404.html']) {
      const report = await validator.validateString(readFileSync(join(out, path), 'utf8'));
      for (const { messages } of report.results)
        for (const m of messages) wrong.push(`/${path}:${m.line}:${m.column} ${m.ruleId}: ${m.message}`);
    }
    expect(wrong.slice(0, 30)).toEqual([]);
  }, 600_000);

  it('leads nowhere that is not there: links, anchors, assets', () => {
    const ids = new Map(
      pages.map((path) => [
        path,
        new Set([...readFileSync(join(out, path, 'index.html'), 'utf8').matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]!)),
      ]),
    );
    const files = new Set(filesIn(out));
    const wrong: string[] = [];
    for (const path of pages) {
      const html = readFileSync(join(out, path, 'index.html'), 'utf8');
      for (const [, address] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
        if (/^(https?:|data:|mailto:)/.test(address!)) continue;
        const url = new URL(address!.replaceAll('&amp;', '&'), `http://x/${path}`);
        const target = decodeURIComponent(url.pathname.slice(1));
        const anchor = decodeURIComponent(url.hash.slice(1));
        if (ids.has(target) ? anchor !== '' && !ids.get(target)!.has(anchor) : !files.has(target))
          wrong.push(`/${path}: ${address}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('says in which language a page is, and which others there are', () => {
    for (const path of pages) {
      const html = readFileSync(join(out, path, 'index.html'), 'utf8');
      const zh = path.startsWith('zh/');
      expect(html).toContain(zh ? '<html lang="zh-Hans"' : '<html lang="en"');
      const fallback = html.includes('class="untranslated"');
      // A page without a translation of its own names the English one as the one to be found.
      expect(html.includes('hreflang="zh-Hans" href="http')).toBe(/^(zh\/)?(|glossary\/|bibliography\/)$/.test(path));
      if (fallback) expect(html).toMatch(/<link rel="canonical" href="[^"]*(?<!\/zh)\/(chapter-|scorecard)/);
      if (fallback) expect(html).toMatch(/<div(?: class="prose")? lang="en">/);
    }
  });
});

interface Looked {
  rest: string[];
  violations: string[];
  weights: { path: string; kilobytes: number; requests: number }[];
}

/** The addresses that a page asks for when nothing is in the cache. */
const asked = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    await document.fonts.ready;
    const parts = performance.getEntriesByType('resource').map(({ name }) => name);
    // Not listed with the rest, and fetched when the browser finds the time.
    const icons = [...document.querySelectorAll<HTMLLinkElement>('link[rel=icon]')].map(({ href }) => href);
    return [...new Set([location.href, ...parts, ...icons])];
  });

/** Once all is sent; what is in the cache counts as it was sent the first time. */
function weight(path: string, addresses: readonly string[]): Looked['weights'][number] {
  const sent = new Map(place.sent.map(({ path, bytes }) => [path, bytes]));
  // What was never sent comes from elsewhere, or was not to be had.
  const bytes = addresses.reduce((sum, url) => sum + (sent.get(new URL(url).pathname) ?? Infinity), 0);
  return { path, kilobytes: Math.round(bytes / 102.4) / 10, requests: addresses.length };
}

async function widths(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) found.push(`is ${over} px too wide at ${width} px, ${colorScheme}`);
    }
  }
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor); // prettier-ignore
  if (!ground.includes('rgb(22, 24, 29)')) found.push('is not dark in a dark theme');
  return found;
}

/** Of a page in the dark theme. */
async function contrastAndRules(page: Page, path: string): Promise<string[]> {
  // One page has its formulas and code looked at.
  if (path !== 'chapter-2-bp/losses/') await flatten(page);
  await page.setViewportSize({ width: 360, height: 800 });
  const dark = (await axe(page, ['color-contrast'])).map((line) => `dark ${line}`);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...dark, ...(await axe(page))];
}

describe.skipIf(!chromiumPath)('in Chromium', () => {
  /** Every page is opened once for three tests: most of their time is that. */
  let looked: Promise<Looked> | undefined;
  const look = () =>
    (looked ??= (async () => {
      const violations: string[] = [];
      const addresses = new Map<string, string[]>();
      const rest = await everyPage(distinct, async (page, path) => {
        addresses.set(path, await asked(page));
        const found = await widths(page);
        violations.push(...(await contrastAndRules(page, path)).map((line) => `/${path}: ${line}`));
        return found;
      });
      return { rest, violations, weights: [...addresses].map((each) => weight(...each)) };
    })());

  it('fits every width in both themes, and no console says a word', async () => {
    expect((await look()).rest).toEqual([]);
  }, 600_000);

  it('has no violation that axe knows, in either theme', async () => {
    expect((await look()).violations).toEqual([]);
  }, 600_000);

  it(`weighs at most ${KILOBYTES} KB and ${REQUESTS} requests before anybody touches it`, async () => {
    const heaviest = [...(await look()).weights];
    heaviest.sort((a, b) => b.kilobytes - a.kilobytes);
    if (process.env.SHOW_WEIGHTS) console.log(heaviest.slice(0, 8));
    expect(heaviest.filter((each) => each.kilobytes > KILOBYTES || each.requests > REQUESTS)).toEqual([]);
  }, 600_000);

  it('draws the signs that KaTeX has as pictures: roots, braces', async () => {
    const page = await browser.newPage({ viewport: { width: 900, height: 900 } });
    await page.goto(`${place.url}chapter-2-bp/optimizers/`);
    const roots = await page
      .locator('.katex-html .sqrt svg')
      .evaluateAll((all) =>
        all.map((svg) => [svg.getBoundingClientRect().height, getComputedStyle(svg).fill] as const),
      );
    expect(roots.length).toBeGreaterThan(5);
    for (const [height, fill] of roots) {
      expect(height).toBeGreaterThan(12);
      expect(fill).not.toBe('none');
    }
    await page.close();
  });

  it('is complete without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 900, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${place.url}chapter-1-mp/neuron/`);
    expect(await page.locator('h1').innerText()).toBe('A neuron that says yes or no');
    expect(await page.locator('.katex-html').first().isVisible()).toBe(true);
    expect(await page.locator('.code .t-keyword').first().isVisible()).toBe(true);
    expect(await page.locator('figure svg').first().isVisible()).toBe(true);
    expect(await page.locator('.search-open').isVisible()).toBe(false);
    // Disclosures are the browser's own.
    const hints = page.locator('#exercise-step details.hints');
    await hints.locator('> summary').click();
    expect(await hints.locator('> p').innerText()).not.toBe('');
    await context.close();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    await page.goto(`${place.url}chapter-1-mp/neuron/`);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the text');
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).toBe('#text');
    // Search by its key, down to a result, and there.
    await page.keyboard.press('/');
    await page.waitForSelector('dialog.search[open]');
    await page.keyboard.type('momentum');
    await page.waitForSelector('.results a');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/glossary|optimizers/);
    // A disclosure, from a link into a card.
    await page.goto(`${place.url}chapter-1-mp/neuron/#exercise-step`);
    const summary = page.locator('#exercise-step details.hints > summary');
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#exercise-step details.hints').getAttribute('open')).not.toBeNull();
    await page.close();
  });

  it('keeps the theme that was chosen, from the first paint on', async () => {
    const context = await browser.newContext({ colorScheme: 'light' });
    const page = await context.newPage();
    await page.goto(place.url);
    await page.locator('button.theme').click();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await page.goto(`${place.url}glossary/`, { waitUntil: 'commit' });
    // Set by a script in the head, before there is a body to paint.
    await page.waitForFunction(() => document.body !== null);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    const early = readFileSync(join(out, 'index.html'), 'utf8');
    expect(early.indexOf("localStorage.getItem('theme')")).toBeLessThan(early.indexOf('rel="stylesheet"'));
    await context.close();
  });

  it('finds Chinese and English', async () => {
    const page = await browser.newPage();
    const ask = async (path: string, query: string) => {
      await page.goto(place.url + path);
      await page.locator('.search-open').click();
      await page.locator('dialog.search input').fill(query);
      await page.waitForSelector('.results a, .status:not(:empty)');
      return page.locator('.results a').evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).pathname + (a as HTMLAnchorElement).hash)); // prettier-ignore
    };
    expect((await ask('chapter-1-mp/neuron/', 'disjunctive normal form')).join()).toContain('/chapter-1-mp/neuron/#');
    expect((await ask('', 'trainPerceptron'))[0]).toContain('#exercise-trainPerceptron');
    expect((await ask('zh/', '梯度消失'))[0]).toContain('/zh/glossary/#term-vanishing-gradient');
    expect((await ask('', '反向传播'))[0]).toContain('/glossary/#term-backpropagation');
    expect(await ask('', 'qqqqzzzz')).toEqual([]);
    await page.close();
  });

  it('wakes an interactive figure, by keyboard, and keeps its settings in the address', async () => {
    const page = await browser.newPage({ viewport: { width: 900, height: 900 } });
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(error.message));
    await page.goto(`${place.url}chapter-1-mp/perceptron/`);
    const figure = page.locator('#live-perceptron-boundary');
    const before = await figure.locator('.drawing').innerHTML();
    expect(before.length).toBeGreaterThan(500);
    await figure.locator('.wake').focus();
    await page.keyboard.press('Enter');
    const select = figure.locator('select');
    await select.waitFor();
    expect(await select.evaluate((element) => element === document.activeElement)).toBe(true);
    await select.selectOption('xor');
    await figure.locator('input[type=range]').first().focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.querySelector('.outcome')!.textContent!.includes('48'));
    expect(decodeURIComponent(page.url())).toContain('perceptron-boundary=data:xor;step:48;rate:1;seed:1');
    expect(await figure.locator('.drawing').innerHTML()).not.toBe(before);
    expect(await axe(page)).toEqual([]);
    // The address alone brings it back.
    await page.reload();
    await select.waitFor();
    expect(await select.inputValue()).toBe('xor');
    await figure.locator('.reset').click();
    await page.waitForFunction(() => document.querySelector('.outcome')!.textContent!.includes('After 21 samples'));
    expect(new URL(page.url()).search).toBe('');
    expect(said).toEqual([]);
    await page.close();
  });

  it('answers an address that is not there with a page whose links work', async () => {
    const page = await browser.newPage();
    const response = await page.goto(`${place.url}no/such/page/`);
    expect(response!.status()).toBe(404);
    expect(await page.locator('h1').innerText()).toBe('There is no page here');
    await page.close();
  });
});
