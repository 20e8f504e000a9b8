/**
 * `npm run site:card`: makes `site/assets/card.png`, the picture that other sites show beside a link, from the built home
 * page. For authors, when the path has changed; it needs Chromium.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findRoot } from '../../grader/course/layout.ts';
import { staticFiles } from './serve.ts';

const root = findRoot();
const files = staticFiles(join(root, 'site', 'dist'));
const server = createServer((request, response) => {
  const { status, type, content } = files(new URL(request.url ?? '/', 'http://localhost').pathname);
  response.writeHead(status, { 'content-type': type }).end(content);
}).listen(0, 'localhost');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  const { port } = server.address() as { port: number };
  const page = await browser.newPage({ viewport: { width: 1200, height: 630 }, colorScheme: 'light' });
  await page.goto(`http://localhost:${port}/`);
  await page.addStyleTag({
    content:
      '.top,.bottom,.creed,.home main>section,.path .state{display:none}.hero{margin-top:1.6rem}.hero h1{font-size:3.6rem;white-space:nowrap}.hero .lead{display:none}.hero .aside{margin-bottom:0}.path{margin-top:0}',
  });
  await page.evaluate('document.fonts.ready');
  await page.screenshot({ path: join(root, 'site', 'assets', 'card.png') });
} finally {
  await browser.close();
  server.close();
}
