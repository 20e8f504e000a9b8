/**
 * Every chapter through the real sandbox: skeletons score nothing, solutions score everything. Skeletons are derived in
 * memory, so this holds in a clone where a student has solved, broken or deleted exercises.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { CHAPTERS } from '../../grader/chapters.ts';
import { openCourse } from '../../grader/course/layout.ts';
import { todos } from '../../grader/course/regions.ts';
import { gradeTopic, inSandbox } from '../../grader/engine/index.ts';
import { openSandbox } from '../../grader/sandbox/node/sandbox.ts';

const course = openCourse(import.meta.dirname);
const standIns = join(course.root, 'solutions');
const tensor = join(standIns, 'tensor', 'index.ts');
const pristine = mkdtempSync(join(tmpdir(), 'skeletons-'));
for (const path of course.source.files()) {
  mkdirSync(dirname(join(pristine, path)), { recursive: true });
  writeFileSync(join(pristine, path), course.source.skeleton(path));
}
afterAll(() => rmSync(pristine, { recursive: true, force: true }));

for (const entry of CHAPTERS) {
  const chapter = await entry.load();
  describe.each(chapter.topics.map((t) => [t.name, t] as const))(`${chapter.id}/%s`, (_name, topic) => {
    const grade = async (chapters: string, seed = 1) => {
      const sandbox = await openSandbox({
        chapters,
        standIns,
        tensor,
        topic: `${chapter.folder}/${topic.name}`,
        mode: 'grade',
      });
      try {
        return await gradeTopic(chapter, topic, inSandbox(sandbox), { seed });
      } finally {
        await sandbox.close();
      }
    };

    test('the skeleton scores 0 and counts as not started', async () => {
      const report = await grade(pristine);
      expect(report.load).toBeUndefined();
      expect(report.points).toBe(0);
      for (const e of report.exercises) expect([e.name, e.verdict, e.started]).toEqual([e.name, 'not-run', false]);
    });

    test('the solution scores full marks, with this seed and another', async () => {
      for (const seed of [1, 20_261_122]) {
        const report = await grade(standIns, seed);
        const failures = report.exercises.filter((e) => e.verdict !== 'pass').map((e) => [e.name, e.failure]);
        expect(failures).toEqual([]);
        expect(report.points).toBe(report.maxPoints);
        expect(report.maxPoints).toBeGreaterThan(0);
      }
    });

    test('each stub is an exercise, and each exercise a stub', () => {
      const stubs = todos(course.source.skeleton(`${chapter.folder}/${topic.name}.ts`));
      expect([...stubs].sort()).toEqual(topic.exercises.map((e) => e.name).sort());
    });
  });
}

test('every skeleton compiles', () => {
  const config = ts.readConfigFile(join(course.root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, course.root);
  writeFileSync(join(pristine, 'package.json'), JSON.stringify({ type: 'module', imports: { '#tensor': './tensor/index.ts' } }));
  const files = course.source.files().map((path) => join(pristine, path));
  const program = ts.createProgram(files, { ...options, noEmit: true, types: [] });
  const found = ts.getPreEmitDiagnostics(program).map((d) => {
    const text = ts.flattenDiagnosticMessageText(d.messageText, ' ');
    return d.file ? `${d.file.fileName}:${d.file.getLineAndCharacterOfPosition(d.start ?? 0).line + 1} ${text}` : text;
  });
  expect(files.length).toBeGreaterThan(0);
  expect(found).toEqual([]);
});
