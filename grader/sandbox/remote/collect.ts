/**
 * The collector: runs a student's code where no oracle, no expected value and no secret is, and gives back values. It reads
 * what to do from its input and answers on its output, one line each; everything else is the judge's.
 */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Arg, Program } from '../../engine/sandbox.ts';
import { NamedFunction, ResultOf } from '../../engine/sandbox.ts';
import { strongest } from '../node/isolation.ts';
import type { WireCall } from '../protocol.ts';
import { openSandbox, type NodeSandbox } from '../node/sandbox.ts';
import { decode, type Wire } from '../wire.ts';
import { fromLine, loadedForJudge, outcomeForJudge, toLine, type Asked } from './messages.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Answers until its input ends. */
export async function collect(): Promise<void> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'collect-')));
  let sandbox: NodeSandbox | undefined;
  const say = (message: unknown) =>
    new Promise<void>((done) => void process.stdout.write(toLine(message), () => done()));
  try {
    // From here on, what goes wrong is the student's doing.
    await say({ ready: true });
    for await (const line of createInterface({ input: process.stdin })) {
      const asked = fromLine(line) as Asked;
      if (asked.type === 'open') {
        await sandbox?.close();
        sandbox = await open(folder, asked);
        await say({ loaded: loadedForJudge(sandbox.loaded) });
      } else {
        const { programs, limit, echo } = asked;
        for await (const outcome of sandbox!.run(programs.map(program), { limit, echo }))
          await say({ outcome: outcomeForJudge(outcome) });
        await say({ done: true });
      }
    }
  } finally {
    await sandbox?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function open(folder: string, { topic, files, later }: Asked & { type: 'open' }): Promise<NodeSandbox> {
  const chapters = path.join(folder, 'chapters');
  rmSync(chapters, { recursive: true, force: true });
  mkdirSync(chapters);
  for (const [name, contents] of files) {
    const file = path.join(chapters, ...name.split('/'));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents, { flag: 'wx' });
  }
  const standIns = ['solutions', 'stand-ins'].map((name) => path.join(root, name)).find((name) => existsSync(name))!;
  return openSandbox({
    chapters,
    standIns,
    tensor: path.join(standIns, 'tensor', 'index.ts'),
    topic,
    mode: 'grade',
    later: (name) => later.includes(name),
    isolation: await strongest(),
  });
}

const program = (calls: WireCall[]): Program =>
  calls.map(({ fn, args, standIn }) => ({ fn, standIn, args: args.map(argument) }));

/** An argument is the judge's: data, a function by its name, or a piece of an earlier result. */
function argument(wire: Wire): Arg {
  if (typeof wire === 'object' && wire !== null && 't' in wire) {
    if (wire.t === 'result') return new ResultOf(wire.call, wire.field);
    if (wire.t === 'function') return new NamedFunction(wire.name, decode(wire.data));
  }
  return decode(wire);
}
