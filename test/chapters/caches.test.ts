/**
 * What a forward keeps must serve the backward, and a backward must leave it as it is: wrong caches, through the real
 * sandbox.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { openCourse } from '../../grader/course/layout.ts';
import { gradeTopic, inSandbox } from '../../grader/engine/index.ts';
import { openSandbox } from '../../grader/sandbox/node/sandbox.ts';

const standIns = join(openCourse(import.meta.dirname).root, 'solutions');
const mine = mkdtempSync(join(tmpdir(), 'caches-'));
afterAll(() => rmSync(mine, { recursive: true, force: true }));

/** Grades a topic solved, except for one change; gives the exercises that did not pass. */
async function change(name: string, from: string, to: string, id = 'chapter-2') {
  const chapter = await CHAPTERS.find((c) => c.id === id)!.load();
  const { folder } = chapter;
  const topic = chapter.topics.find((t) => t.name === name)!;
  const text = readFileSync(join(standIns, folder, `${name}.ts`), 'utf8');
  expect(text.split(from).length).toBe(2);
  cpSync(join(standIns, folder), join(mine, folder), { recursive: true });
  writeFileSync(join(mine, folder, `${name}.ts`), text.replace(from, to));
  const sandbox = await openSandbox({
    chapters: mine,
    standIns,
    tensor: join(standIns, 'tensor', 'index.ts'),
    topic: `${folder}/${name}`,
    mode: 'grade',
  });
  try {
    const report = await gradeTopic(chapter, topic, inSandbox(sandbox), { seed: 1 });
    return report.exercises
      .filter((e) => e.verdict !== 'pass')
      .map((e) => ({ name: e.name, verdict: e.verdict, points: e.points, says: e.failure?.sentence }));
  } finally {
    await sandbox.close();
  }
}

describe('a forward is right only with a cache that serves', () => {
  const forward = (name: string, points: number, says: string) => [{ name, verdict: 'fail', points, says }];

  test('no cache where one is needed', async () => {
    const from = 'y: x.mul(sigmoidForward(x).y), cache: { x }';
    const found = await change('activations', from, 'y: x.mul(sigmoidForward(x).y), cache: {} as SiluCache');
    expect(found.find((e) => e.name === 'siluForward')).toMatchObject(
      forward('siluForward', 0, 'its cache is of no use to siluBackward')[0]!,
    );
    // The backward is right, given a right cache, and keeps its points.
    expect(found.map((e) => e.name)).toEqual(['siluForward']);
  });

  test('a field left out', async () => {
    const found = await change('activations', 'cache: { x, a }', 'cache: { x } as PreluCache');
    expect(found).toEqual(forward('preluForward', 0, 'its cache is of no use to preluBackward'));
  });

  test('another value under the right name', async () => {
    const found = await change('losses', 'error.square().mean().item(), cache: { error }', 'error.square().mean().item(), cache: { error: error.neg() }');
    expect(found).toEqual(forward('mseForward', 0, 'its cache leads mseBackward astray'));
  });

  test('another value that is right for most inputs: the fixed examples are tried as well', async () => {
    const from = 'vocabulary: table.shape[0]';
    const found = await change('embedding', from, 'vocabulary: new Set(index.data).size', 'chapter-3');
    expect(found).toMatchObject([{ name: 'embeddingForward', verdict: 'fail', points: 0 }]);
  });

  test('a backward that writes into its cache', async () => {
    const from = 'return dy.mul(below.add(x.mul(density)));';
    const to = 'const dx = dy.mul(below.add(x.mul(density))); x.data.fill(0); return dx;';
    expect(await change('activations', from, to)).toMatchObject([
      { name: 'geluBackward', verdict: 'fail', says: 'changes its cache' },
    ]);
  });
});
