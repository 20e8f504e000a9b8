/** A built site in a temporary folder, and a browser to look at it with. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Browser } from 'playwright-core';
import { findRoot } from '../../grader/course/layout.ts';
import { staticFiles } from '../../site/build/serve.ts';
import { Site, type Options } from '../../site/build/site.ts';

export const root = findRoot(import.meta.dirname);

/** Builds the site. @throws Error with all mistakes, when there are any */
export async function built(options: Options = {}): Promise<{ out: string; site: Site; remove: () => void }> {
  const out = options.out ?? mkdtempSync(join(tmpdir(), 'site-'));
  const site = new Site(root, { ...options, out });
  const { mistakes } = await site.build();
  if (mistakes.length > 0) throw new Error(mistakes.map((m) => `${m.file}:${m.line}: ${m.what}`).join('\n'));
  return { out, site, remove: () => rmSync(out, { recursive: true, force: true }) };
}

/** Every file under a folder, as a relative path with forward slashes. */
export function filesIn(folder: string, at = ''): string[] {
  return readdirSync(join(folder, at), { withFileTypes: true }).flatMap((entry) => {
    const path = at === '' ? entry.name : `${at}/${entry.name}`;
    return entry.isDirectory() ? filesIn(folder, path) : [path];
  });
}

export interface Host {
  /** Ends with the base path. */
  url: string;
  /** What was sent since the last time this was emptied: compressed, with about as much again as a header needs. */
  sent: { path: string; bytes: number }[];
  close: () => void;
}

/** A plain host, as GitHub Pages is one: gzip, no special headers, under a path of its own. */
export async function host(folder: string, base = '/some/where/'): Promise<Host> {
  const sent: Host['sent'] = [];
  const files = staticFiles(folder, base);
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const { status, type, content } = files(path);
    const small = /font|image\/png/.test(type) ? content : gzipSync(content);
    sent.push({ path, bytes: small.length + 250 });
    response
      .writeHead(status, { 'content-type': type, ...(small !== content && { 'content-encoding': 'gzip' }) })
      .end(small);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://localhost:${port}${base}`,
    sent,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where this machine has Chromium, if it has. */
export const chromiumPath = PLACES.find((path) => path !== undefined && existsSync(path));

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
