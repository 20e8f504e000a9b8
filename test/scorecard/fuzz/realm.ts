/** The hostile file, loaded as the sandbox's child process loads a student's: in this process, or in a real child. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { Script, constants, createContext } from 'node:vm';
import { bundle } from '../../../grader/sandbox/bundle.ts';
import { kinds } from '../../../grader/sandbox/node/kinds.ts';
import { openSandbox, type NodeSandbox } from '../../../grader/sandbox/node/sandbox.ts';
import { reader } from '../../../grader/sandbox/realm/read.ts';
import type { Realm } from '../../../grader/sandbox/realm/realm.ts';
import { decode, maxDepth, maxSize } from '../../../grader/sandbox/wire.ts';
import type { Value } from '../../../grader/engine/index.ts';
import { ROOT } from '../judge-hash.ts';

/** Under the name of a topic, so that there is a stand-in beside it. */
const TOPIC = 'chapter-1-mp/neuron';

function folderWithFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  mkdirSync(join(folder, 'chapter-1-mp'));
  copyFileSync(join(import.meta.dirname, 'hostile.ts'), join(folder, `${TOPIC}.ts`));
  return folder;
}

const options = (chapters: string) => ({
  chapters,
  standIns: join(ROOT, 'solutions'),
  tensor: join(ROOT, 'solutions', 'tensor', 'index.ts'),
  topic: TOPIC,
  mode: 'grade' as const,
});

/** What a call came to, after its way out of the realm: read, copied as between processes, and believed or not. */
export type Crossed = { kind: 'value'; value: Value } | { kind: 'error'; name: string; message: string };

/** A realm with the hostile file. */
export interface Hostile {
  /** The value as the judge gets it. @throws when the reading itself fails, which it must not */
  value(expected: string, seed: number): Crossed;
  meaning(expected: string, seed: number): string;
}

/** The same functions that the child process uses, in this process. */
export async function inThisProcess(): Promise<Hostile> {
  const folder = folderWithFile();
  try {
    const bundled = await bundle(options(folder));
    if (bundled.kind === 'failed') throw new Error(bundled.message);
    const script = new Script(bundled.code, { filename: 'exercise.js' });
    const open = () => {
      const plain = (constants as unknown as { DONT_CONTEXTIFY: object }).DONT_CONTEXTIFY;
      const context = createContext(plain, {
        codeGeneration: { strings: false, wasm: false },
        microtaskMode: 'afterEvaluate',
      });
      const realm = script.runInContext(context) as Realm;
      const loaded = realm.load();
      if (!loaded.ok) throw new Error(loaded.message);
      const call = (name: string, ...args: unknown[]) => {
        const list = realm.make.array();
        args.forEach((arg, i) => Object.defineProperty(list, i, { value: arg, configurable: true }));
        return realm.call(name, list, false);
      };
      return { realm, call };
    };
    // What a value means is asked in a realm in which nothing hostile has happened.
    const [dirty, fresh] = [open(), open()];
    const read = reader(dirty.realm.prototypes, maxDepth, maxSize, kinds);
    return {
      value(expected, seed) {
        const end = dirty.call('hostile', expected, seed);
        try {
          if (!end.ok) return { kind: 'error', name: end.name, message: end.message };
          return { kind: 'value', value: decode(deserialize(serialize(read(end.value, 'cache')))) };
        } finally {
          dirty.call('clean');
        }
      },
      meaning(expected, seed) {
        const end = fresh.call('meaning', expected, seed);
        if (!end.ok) throw new Error(`${end.name}: ${end.message}`);
        return end.value as string;
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A real child process with the hostile file. */
export async function inChild(): Promise<NodeSandbox> {
  const folder = folderWithFile();
  try {
    return await openSandbox(options(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
