/** The preview: serves the built site, builds again on every save, and reloads the page in the browser. */
import { existsSync, readFileSync, statSync, watch } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join, normalize, relative, sep } from 'node:path';
import { Refusal } from '../../grader/course/refusal.ts';
import type { Report, Site } from './site.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
  '.txt': 'text/plain; charset=utf-8',
};

const RELOAD = `<script>new EventSource('/.reload').onmessage=()=>location.reload()</script>`;

/** A request handler for a folder of plain files, as a static host serves them. */
export function staticFiles(folder: string, base = '/', reload = false) {
  return (path: string): { status: number; type: string; content: Buffer } => {
    const inside = path.startsWith(base) ? path.slice(base.length) : undefined;
    let file = join(folder, normalize(decodeURIComponent(inside ?? '404.html')));
    const fine = (f: string) => f.startsWith(folder) && existsSync(f) && statSync(f).isFile();
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
    const found = inside !== undefined && fine(file);
    const shown = found ? file : join(folder, '404.html');
    let content = existsSync(shown) ? readFileSync(shown) : Buffer.from('Nothing has been built yet.');
    const type = TYPES[extname(shown)] ?? 'application/octet-stream';
    if (reload && type.startsWith('text/html'))
      content = Buffer.from(content.toString().replace('</body>', `${RELOAD}</body>`));
    return { status: found ? 200 : 404, type, content };
  };
}

const WATCHED = ['chapters', 'solutions', 'grader', 'site', 'README.md'];
const IGNORED = /(^|\/)(dist|node_modules|\.backups|out)(\/|$)|\.swp$|~$|\/\.|^\./;

/** Calls back with the files that changed, gathered over a moment. */
export function onChange(root: string, call: (files: string[]) => void): () => void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const watchers = WATCHED.filter((name) => existsSync(join(root, name))).map((name) =>
    watch(join(root, name), { recursive: true }, (_, file) => {
      const path = relative(root, join(root, name, name.endsWith('.md') ? '' : (file ?? ''))).replaceAll(sep, '/');
      if (IGNORED.test(path)) return;
      changed.add(path);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const files = [...changed];
        changed.clear();
        call(files);
      }, 30);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const each of watchers) each.close();
  };
}

/**
 * Serves until the process is interrupted.
 * @param lessons whether the lessons say what the code yields; asked after code was saved, without holding up the page
 */
export async function serve(
  site: Site,
  port: number,
  lessons: () => Promise<{ fine: boolean; text: string }>,
): Promise<void> {
  const listeners = new Set<ServerResponse>();
  const say = (report: Report, what: string) => {
    for (const { file, line, what: wrong } of report.mistakes) console.log(`${file}:${line}: ${wrong}`);
    if (report.mistakes.length > 0) console.log('The page still shows the last build without a mistake.');
    else console.log(`${what}: ${report.wrote} files, ${report.milliseconds} ms`);
  };
  const files = staticFiles(site.out, '/', true);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/.reload') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(':\n\n');
      listeners.add(response);
      request.on('close', () => listeners.delete(response));
      return;
    }
    const { status, type, content } = files(path);
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(content);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Refusal(
              `Something else is served on port ${port} already.`,
              `Choose another: npm run site -- --serve --port ${port + 1}.`,
            )
          : error,
      ),
    );
    server.listen(port, 'localhost', resolve);
  });
  say(await site.build(), 'built');
  console.log(`http://localhost:${port}/   (Ctrl-C ends; a change to site/build needs a new start)`);
  let work: Promise<unknown> = Promise.resolve();
  let later: NodeJS.Timeout | undefined;
  const stop = onChange(site.root, (changed) => {
    work = work.then(async () => {
      if (changed.some((file) => file.startsWith('site/build/')))
        console.log('site/build changed: start again to see it.');
      try {
        const report = await site.build(changed, true);
        // The search can wait until nobody has saved for a moment.
        clearTimeout(later);
        later = setTimeout(() => site.finish(), 1500);
        if (changed.some((file) => /^(solutions|site\/lessons)\//.test(file)))
          void lessons().then(({ fine, text }) => fine || console.log(text));
        say(report, changed.length === 1 ? changed[0]! : `${changed.length} changes`);
        if (report.mistakes.length === 0) for (const each of listeners) each.write('data: built\n\n');
      } catch (error) {
        // A file that does not parse, saved halfway: said, and the preview goes on.
        console.log(error instanceof Error ? error.message : String(error));
      }
    });
  });
  await new Promise<void>((resolve) => process.once('SIGINT', resolve));
  stop();
  clearTimeout(later);
  server.closeAllConnections();
  server.close();
}
