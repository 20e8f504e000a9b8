/** A topic's bundle is made anew only when something of it is new. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundle, type BundleOptions } from '../../grader/sandbox/bundle.ts';
import { keptBundle } from '../../grader/sandbox/kept-bundle.ts';
import { keptFiles, withKeptFolder } from './kept.ts';
import { tensorPath, workshop } from './workshop.ts';

withKeptFolder();

const standIns = path.dirname(path.dirname(tensorPath));

/** A course with one file, and how often its bundle was made. */
function bundler(files: Record<string, string>, options: Partial<BundleOptions> = {}) {
  const { chapters } = workshop(files);
  const all = { chapters, standIns, tensor: tensorPath, topic: 'one/topic', mode: 'grade', ...options } as const;
  const counted = { made: 0 };
  const once = async () => {
    const result = await keptBundle(all, (o) => {
      counted.made++;
      return bundle(o);
    });
    if (result.kind === 'failed') throw new Error(result.message);
    return result;
  };
  return { counted, once, write: (file: string, text: string) => writeFileSync(path.join(chapters, file), text) };
}

const SOURCE = "import { Tensor } from '#tensor';\nexport const f = (x: number): Tensor => Tensor.zeros([x]); // ü\n";

describe('the bundle of a text', () => {
  test('is made once, and is the same but for the name that is never the same', async () => {
    const { counted, once } = bundler({ 'one/topic.ts': SOURCE });
    const [first, second, third] = [await once(), await once(), await once()];
    expect(counted.made).toBe(1);
    expect(new Set([first.name, second.name, third.name]).size).toBe(3);
    expect(second.code).not.toContain(first.name);
    expect(second.code.replaceAll(second.name, first.name)).toBe(first.code);
    expect([second.map, second.sources]).toEqual([first.map, first.sources]);
  });

  test('is made anew after an edit, and again after the edit is taken back', async () => {
    const { counted, once, write } = bundler({ 'one/topic.ts': SOURCE });
    await once();
    write('one/topic.ts', `${SOURCE}export const g = 1;\n`);
    expect((await once()).code).toContain('g = 1');
    write('one/topic.ts', SOURCE);
    expect((await once()).code).not.toContain('g = 1');
    expect(counted.made).toBe(3);
  });

  test('is never kept where another file of the student went into it', async () => {
    const { counted, once, write } = bundler({
      'one/topic.ts': "import { a } from './helper.ts';\nexport const f = () => a;\n",
      'one/helper.ts': 'export const a = 1;\n',
    });
    await once();
    write('one/helper.ts', 'export const a = 4711;\n');
    expect((await once()).code).toContain('4711');
    expect({ made: counted.made, kept: keptFiles('bundles') }).toEqual({ made: 2, kept: [] });
  });

  test("is never kept where the stand-ins are not the course's own", async () => {
    const { counted, once } = bundler({ 'one/topic.ts': SOURCE }, { standIns: path.join(standIns, 'chapter-1-mp') });
    await once();
    await once();
    expect({ made: counted.made, kept: keptFiles('bundles') }).toEqual({ made: 2, kept: [] });
  });
});

describe('a kept file that is', () => {
  test.each([
    ['cut short', (text: string) => text.slice(0, -100)],
    ['changed in one character', (text: string) => text.replace('Tensor', 'Tensoz')],
    ['empty', () => ''],
    ['something else', () => '{"code":"1"}'],
  ])('%s is not used, and is written anew', async (_what, damage) => {
    const { counted, once } = bundler({ 'one/topic.ts': SOURCE });
    const first = await once();
    const [file] = keptFiles('bundles');
    writeFileSync(file!, damage(readFileSync(file!, 'utf8')));
    const second = await once();
    expect(second.code.replaceAll(second.name, first.name)).toBe(first.code);
    await once();
    expect(counted.made).toBe(2);
  });
});
