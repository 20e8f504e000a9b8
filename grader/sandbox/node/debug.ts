/** One program under a debugger. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Outcome, Program } from '../../engine/sandbox.ts';
import { type BundleOptions, bundle } from '../bundle.ts';
import { stackMapper, studentPrefix } from '../stack.ts';
import { decode, encode } from '../wire.ts';
import { Child } from './process.ts';
import { onlyAnswer } from '../protocol.ts';

/**
 * Runs one program and waits for a debugger to attach first: `onUrl` gets the address for it. Breakpoints in the
 * student's .ts files bind, and the program stops by itself right before its last call. There is no limit of time or
 * memory, and no permission flag (it forbids the inspector on some versions of Node): this is for running one's own
 * code on one's own machine, never for grading.
 */
export async function debugProgram(
  options: BundleOptions,
  program: Program,
  onUrl: (url: string) => void,
): Promise<Outcome> {
  const bundled = await bundle(options);
  if (bundled.kind === 'failed') return { kind: 'crash', detail: `the file did not load: ${bundled.message}` };
  const child = await Child.start({ memory: Infinity, mode: 'debug' });
  const id = randomBytes(16).toString('hex');
  const places = stackMapper(bundled.map, bundled.sources);
  const stay = setInterval(() => undefined, 60_000);
  const reply = new Promise<Outcome>((resolve) => {
    child.process.on('message', (message: { id?: unknown; url?: unknown }) => {
      if (message?.id !== id) return;
      if (typeof message.url === 'string') return onUrl(message.url);
      const answer = onlyAnswer(message);
      const { kind, value, fn, name, message: said, stack } = answer.what ?? {};
      const printed = answer.console ? { console: answer.console } : {};
      if (kind === 'value') return resolve({ kind, value: decode(value), ...printed });
      const at = places(String(stack))[0];
      const todo = /^TODO\b/.test(String(said));
      resolve({
        kind: 'error',
        name: String(name),
        message: String(said),
        ...(at && { at }),
        todo,
        fn: String(fn ?? ''),
        ...printed,
      });
    });
  });
  child.send({
    type: 'debug',
    id,
    code: `${bundled.code}\n//# sourceMappingURL=${inlineMap(bundled.map, options.chapters)}`,
    program: program.map(({ fn, args, standIn = false }) => ({ fn, args: args.map(encode), standIn })),
  });
  const lost = child.ended.then<Outcome>((end) => ({
    kind: 'crash',
    detail: end.kind === 'exit' ? end.detail : 'out of memory',
  }));
  const outcome = await Promise.race([reply, lost]);
  // A process that is being debugged waits for the debugger to let go.
  child.kill();
  await child.ended;
  clearInterval(stay);
  return outcome;
}

/** The source map as a data URL, with the student's files under the addresses an editor knows them by. */
function inlineMap(json: string, chapters: string): string {
  const map = JSON.parse(json) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    source.startsWith(studentPrefix)
      ? pathToFileURL(path.join(chapters, source.slice(studentPrefix.length))).href
      : source,
  );
  return `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
}
