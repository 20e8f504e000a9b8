/** Building again and again: mistakes that only show across pages, translations, and what a save changes. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Site } from '../../site/build/site.ts';
import { filesIn, root } from './built.ts';

const LESSON = 'chapters/chapter-1-mp/neuron.md';
let copy = '';
let site: Site;
let lesson = '';

const out = () => join(copy, 'out');
const write = (file: string, text: string) => writeFileSync(join(copy, file), text);
const page = (path: string) => readFileSync(join(out(), path, 'index.html'), 'utf8');

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'site-course-'));
  for (const name of ['package.json', 'README.md', 'chapters', 'solutions', 'grader', 'site'])
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[\\/](dist|\.backups)$/.test(path),
    });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  lesson = readFileSync(join(copy, LESSON), 'utf8');
  site = new Site(copy, { out: out(), today: '2026-09-01' });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

it('writes nothing while there is a mistake, and says where each one is', async () => {
  const lines = lesson.split('\n').length;
  write(LESSON, `${lesson}\nSee [there](perceptron.md#no-such-place), [here](#nowhere) and $\\frac{1$.\n`);
  const { mistakes } = await site.build();
  expect(mistakes.map(({ file, line, what }) => `${file}:${line}: ${what}`)).toEqual([
    expect.stringMatching(`^${LESSON}:${lines + 1}: TeX: `),
    `${LESSON}:${lines + 1}: the page chapter-1-mp/perceptron/ has no anchor "#no-such-place".`,
    `${LESSON}:${lines + 1}: the page chapter-1-mp/neuron/ has no anchor "#nowhere".`,
  ]);
  expect(existsSync(out())).toBe(false);
}, 300_000);

it('is mended by a save, and a save writes little', async () => {
  write(LESSON, lesson);
  expect((await site.build([LESSON])).mistakes).toEqual([]);
  expect(page('chapter-1-mp/neuron')).toContain('A neuron that says yes or no');
  write(LESSON, `${lesson}\nA quokka.\n`);
  const { mistakes, wrote } = await site.build([LESSON], true);
  expect(mistakes).toEqual([]);
  expect(page('chapter-1-mp/neuron')).toContain('A quokka.');
  // Both languages of the page, and at most the pages around it.
  expect(wrote).toBeLessThan(8);
  const searchable = () => readFileSync(join(out(), 'assets', 'search-en.json'), 'utf8').includes('quokka');
  expect(searchable()).toBe(false);
  site.finish();
  expect(searchable()).toBe(true);
}, 300_000);

it('finds a region that is nobody’s exercise, and an exercise without a region', async () => {
  const file = 'solutions/chapter-1-mp/neuron.ts';
  const solution = readFileSync(join(copy, file), 'utf8');
  write(file, solution.replace('// #region step\n', '').replace(/( {2}return z >= 0.*\n) {2}\/\/ #endregion\n/, '$1'));
  const gone = await site.build([file]);
  expect(gone.mistakes.map((m) => `${m.file}: ${m.what}`)).toContain(
    'grader/chapter-1-mp/neuron.ts: the exercise "step" has no region in solutions/chapter-1-mp/neuron.ts.',
  );
  write(file, `${solution}\nexport function idle(): number {\n  // #region idle\n  return 1;\n  // #endregion\n}\n`);
  const unused = await site.build([file]);
  expect(unused.mistakes.map((m) => m.what).join('\n')).toContain('the region "idle" is used by nothing');
  write(file, solution);
  expect((await site.build([file])).mistakes).toEqual([]);
}, 300_000);

it('takes a translation where there is one', async () => {
  const zh = 'chapters/chapter-1-mp/neuron.zh.md';
  write(zh, '# 一个说是或否的神经元\n\n写出 [下一课](perceptron.md)。\n\n## 练习\n\n1. `step`\n');
  expect((await site.build([zh])).mistakes).toEqual([]);
  const html = page('zh/chapter-1-mp/neuron');
  expect(html).toContain('<h1>一个说是或否的神经元</h1>');
  expect(html).not.toContain('class="untranslated"');
  expect(html).toContain('href="../../../zh/chapter-1-mp/perceptron/"');
  expect(html).toContain('提示');
  for (const path of ['chapter-1-mp/neuron', 'zh/chapter-1-mp/neuron'])
    expect(page(path)).toContain('<link rel="alternate" hreflang="zh-Hans" href="https://example.org/deep-learning-by-hand/zh/chapter-1-mp/neuron/">'); // prettier-ignore
  expect(readFileSync(join(out(), 'sitemap.xml'), 'utf8')).toContain('/zh/chapter-1-mp/neuron/</loc>');
  expect(readFileSync(join(out(), 'sitemap.xml'), 'utf8')).not.toContain('/zh/chapter-1-mp/perceptron/</loc>');
  // And it goes when the translation goes.
  rmSync(join(copy, zh));
  expect((await site.build([zh])).mistakes).toEqual([]);
  expect(page('zh/chapter-1-mp/neuron')).toContain('class="untranslated"');
}, 300_000);

it('removes what is no longer part of the site', async () => {
  rmSync(join(copy, 'chapters/chapter-4-lstm/README.md'));
  const { mistakes } = await site.build(['chapters/chapter-4-lstm/README.md']);
  // Lessons of other chapters may still point there; otherwise the pages are gone.
  if (mistakes.length === 0) expect(filesIn(out()).filter((file) => file.includes('chapter-4'))).toEqual([]);
  expect(mistakes.every((mistake) => /leads nowhere|no page|no lesson/.test(mistake.what))).toBe(true);
}, 300_000);
