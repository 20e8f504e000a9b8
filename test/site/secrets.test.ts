/** What must not be published before its day is not in the built files, in any form. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { solutionsSource } from '../../grader/course/pristine.ts';
import { parseRegions } from '../../grader/course/regions.ts';
import type { Settings } from '../../site/settings.ts';
import { built, filesIn, root } from './built.ts';

const made: string[] = [];
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Everything that a site serves, as text. */
async function served(
  change: Partial<Settings>,
  today = '2026-09-01' as const,
): Promise<{ files: Map<string, string>; all: string }> {
  const out = mkdtempSync(join(tmpdir(), 'site-'));
  made.push(out);
  await built({ out, today, settings: (settings) => ({ ...settings, ...change }) });
  const files = new Map(filesIn(out).map((file) => [file, readFileSync(join(out, file), 'latin1')]));
  const decode = (text: string) =>
    Buffer.from(text, 'latin1')
      .toString('utf8')
      .replace(/<[^>]*>/g, '')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, '&');
  return { files, all: [...files.values()].map(decode).join('\n') };
}

interface Secret {
  path: string;
  name: string;
  lines: string[];
  comments: string[];
}

/**
 * For each solution, the lines and comments that stand in its regions and nowhere in what students are given anyway: stubs,
 * lessons, and hints, the last of which may say a line on purpose.
 */
async function secrets(): Promise<Secret[]> {
  const source = solutionsSource(root);
  const specs = await Promise.all(CHAPTERS.map((chapter) => chapter.load()));
  const hints = specs.flatMap((spec) => spec.topics.flatMap((topic) => topic.exercises.flatMap((e) => e.hints)));
  const lessons = filesIn(join(root, 'chapters'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => readFileSync(join(root, 'chapters', file), 'utf8'));
  const plain = (text: string) => text.replace(/\s+/g, ' ');
  const given = plain([...source.files().map((path) => source.skeleton(path)), ...hints, ...lessons].join('\n'));
  const secret = (line: string) => !given.includes(plain(line.replace(/;$/, '')));
  return source.files().flatMap((path) => {
    const text = readFileSync(join(root, 'solutions', path), 'utf8');
    return parseRegions(text, path).map((region) => {
      const trimmed = region.lines.map((line) => line.trim());
      const comments = trimmed.filter((line) => line.startsWith('//')).map((line) => line.replace(/^\/+\s*/, ''));
      return {
        path,
        name: region.name,
        // Short lines say nothing: "return y;" is in many a stub.
        lines: trimmed.filter((line) => line.length > 24 && !line.startsWith('//') && secret(line)),
        comments: comments.filter((line) => line.length > 12 && secret(line)),
      };
    });
  });
}

const INSIDE = await secrets();

describe('before their day', () => {
  it('knows what to look for', () => {
    expect(INSIDE.filter((each) => each.lines.length > 0).length).toBeGreaterThan(50);
    expect(INSIDE.flatMap((each) => each.comments).length).toBeGreaterThan(0);
  });

  it('solutions are in no file: no line, no comment, no source map', async () => {
    const { files, all } = await served({ solutions: 'never' });
    expect(INSIDE.flatMap((each) => each.lines.filter((line) => all.includes(line)).map((line) => `${each.path}#${each.name}: ${line}`))).toEqual([]); // prettier-ignore
    expect(INSIDE.flatMap((each) => each.comments.filter((line) => all.includes(line)))).toEqual([]);
    expect([...files.keys()].filter((file) => file.endsWith('.map') || file.endsWith('.ts'))).toEqual([]);
    expect([...files].filter(([, text]) => /sourceMappingURL|#(end)?region\b/.test(text)).map(([file]) => file)).toEqual([]); // prettier-ignore
    expect(all).not.toContain('Solution\n');
  }, 600_000);

  it('a chapter opens on its day, its solutions on theirs, and no other chapter with it', async () => {
    const days: Partial<Settings> = {
      released: { 'chapter-1': '2026-09-01', 'chapter-2': '2026-10-01' },
      solutions: { 'chapter-1': '2026-09-20', 'chapter-2': '2026-09-01' },
    };
    const first = await served(days);
    expect(first.files.has('chapter-1-mp/neuron/index.html')).toBe(true);
    expect([...first.files.keys()].filter((file) => /chapter-[2-9]/.test(file))).toEqual([]);
    expect(INSIDE.filter((each) => each.lines.some((line) => first.all.includes(line)))).toEqual([]);
    expect(first.all).toContain('opens on 1 October 2026');

    const later = await served(days, '2026-09-20' as '2026-09-01');
    const shown = INSIDE.filter((each) => each.lines.some((line) => later.all.includes(line)));
    // A chapter that is closed shows no solution, whatever its date says.
    expect([...new Set(shown.map((each) => each.path.split('/')[0]))]).toEqual(['chapter-1-mp']);
    expect(shown.length).toBeGreaterThan(10);
    expect(INSIDE.filter((each) => each.path.startsWith('chapter-1') && each.lines.length > 0).every((each) => shown.includes(each))).toBe(true); // prettier-ignore
  }, 600_000);

  it('stand-ins and misconceptions stay out where a setting says so', async () => {
    const open = await served({});
    const shut = await served({ inPageExcept: { 'chapter-1': { standIns: false, misconceptions: false } } });
    const programs = (site: { files: Map<string, string> }) => [...site.files.keys()].filter((file) => file.includes('perceptron-boundary')); // prettier-ignore
    expect(programs(open)).toHaveLength(1);
    expect(programs(shut)).toHaveLength(0);
    // The picture stays.
    expect(shut.files.get('chapter-1-mp/perceptron/index.html')).toContain('id="live-perceptron-boundary"');
    expect(shut.files.get('chapter-1-mp/perceptron/index.html')).not.toContain('data-figure=');
    const says = 'Everything is right except exactly at the edge';
    expect(open.all).toContain(says);
    expect(shut.all).not.toContain(says);
  }, 600_000);
});
