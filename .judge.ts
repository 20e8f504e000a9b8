import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAPTERS } from './grader/chapters.ts';
import { gradeTopic, inSandbox } from './grader/engine/index.ts';
import { openSandbox, prewarm } from './grader/sandbox/node/sandbox.ts';
const ROOT = import.meta.dirname;
const chapter = await CHAPTERS.find(({ id }) => id === 'chapter-2')!.load();
const [only, ...filter] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 's2wrong-'));
mkdirSync(join(folder, chapter.folder));
for (const topic of chapter.topics) {
  if (only && only !== 'all' && only !== topic.name) continue;
  const file = `${chapter.folder}/${topic.name}.ts`;
  const text = readFileSync(join(ROOT, 'test/alternatives', file), 'utf8');
  const { wrongAnswers } = await import(join(ROOT, 'test/wrong-answers', file));
  for (const w of wrongAnswers) {
    if (filter.length && !filter.includes(w.exercise)) continue;
    writeFileSync(join(folder, file), text.replace(w.find, () => w.put));
    const sandbox = await openSandbox({ chapters: folder, standIns: join(ROOT, 'solutions'), tensor: join(ROOT, 'solutions/tensor/index.ts'), topic: `${chapter.folder}/${topic.name}`, mode: 'grade' });
    prewarm();
    const report = await gradeTopic(chapter, topic, inSandbox(sandbox), { seed: 1, only: w.exercise });
    await sandbox.close();
    const e = report.exercises[0]!;
    const d = e.failure?.diagnosis;
    const full = report.points === report.maxPoints;
    let kind: string;
    if (full) kind = 'FULL';
    else if (d?.kind === 'misconception') kind = w.causes.includes(d.name) ? 'named' : 'WRONG';
    else kind = w.causes.length ? 'UNNAMED' : 'quiet';
    const check = e.checks.filter((c) => c.verdict !== 'pass').map((c) => `${c.id}:${c.verdict}`).join(',');
    console.log(JSON.stringify({ topic: topic.name, exercise: w.exercise, mistake: w.mistake, causes: w.causes, kind, diagnosis: d && `${d.kind}: ${d.name}`, check: e.failure?.check, sentence: e.failure?.sentence, facts: e.failure?.facts, problem: e.failure?.problem?.message, points: `${report.points}/${report.maxPoints}`, load: report.load?.message, failed: check }));
  }
}
rmSync(folder, { recursive: true, force: true });
