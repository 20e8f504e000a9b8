/** A bare page with the judge of the site behind it: what the card's Run button calls, without the card. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { CHAPTERS } from '../../grader/chapters.ts';
import { solutionsSource } from '../../grader/course/pristine.ts';
import type { Report } from '../../grader/engine/report.ts';
import { judge } from '../../site/build/playground.ts';
import type { Task } from '../../site/playground/protocol.ts';
import { host, openBrowser, root } from './built.ts';

export const source = solutionsSource(root);

export interface Bench {
  browser: Browser;
  page: Page;
  url: string;
  /** Everything the page and its workers have said on the console. */
  said: string[];
  grade(task: Task): Promise<Report>;
  close(): Promise<void>;
}

/** @param entry another judge than the site's own */
export async function bench(entry?: string): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'));
  mkdirSync(join(folder, 'assets'));
  const { assets, script } = await judge(root, CHAPTERS, source.files(), entry);
  for (const [name, text] of assets) writeFileSync(join(folder, 'assets', name), text);
  const page = await build({
    stdin: {
      contents: `import { Runner } from './site/playground/run.ts';
        globalThis.runner = new Runner(new URL('assets/${script}', location.href));`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
  });
  writeFileSync(join(folder, 'index.html'), `<!doctype html><title>Bench</title><link rel="icon" href="data:,"><body><script>${page.outputFiles[0]!.text}</script>`); // prettier-ignore
  const place = await host(folder);
  const browser = await openBrowser();
  const opened = await browser.newPage();
  const said: string[] = [];
  opened.on('console', (message) => said.push(message.text()));
  opened.on('pageerror', (error) => said.push(error.message));
  await opened.goto(place.url);
  return {
    browser,
    page: opened,
    url: place.url,
    said,
    grade: (task) =>
      opened.evaluate(
        (each) => (globalThis as unknown as { runner: { run(task: unknown): Promise<Report> } }).runner.run(each),
        task,
      ),
    async close() {
      await browser.close();
      place.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
