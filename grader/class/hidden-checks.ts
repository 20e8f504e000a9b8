/**
 * Hidden checks: an instructor's own, from a folder that no student has.
 *
 * A file is named after its chapter (`chapter-1.ts`) and hands over a function that is given the engine, so that it needs
 * no import and can lie anywhere:
 *
 *   export default ({ agrees, property, visible }) => ({
 *     'neuron/step': [agrees({ id: 'many', cases: 200 }), visible(property('never returns 2', { … }))],
 *   });
 *
 * Each check is added to those of its exercise. It is hidden unless it says `visible`: a student who fails it sees the
 * input and the own output, never what was expected.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { ChapterEntry } from '../chapters.ts';
import { listed, nearest } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import * as engine from '../engine/index.ts';

/** What the function of a file of hidden checks is given. */
export type Kit = typeof engine & {
  /** Shows a check's expected values, as the course's own checks do. */
  visible: (check: engine.Check) => engine.Check;
};

/** What it gives back: checks by `topic/exercise`. */
export type HiddenChecks = (kit: Kit) => Record<string, engine.Check[]>;

/** The files of hidden checks for a chapter: those that count towards the hash of the grader. */
export function hiddenCheckFiles(folder: string, entry: Pick<ChapterEntry, 'id' | 'folder'>): string[] {
  if (!existsSync(folder)) throw new Refusal(`There is no folder ${folder}.`, 'Look for a typing mistake.', 2);
  const names = new Set(readdirSync(folder));
  const found = [entry.id, entry.folder].flatMap((name) =>
    ['.ts', '.mjs', '.js'].map((ending) => name + ending).filter((file) => names.has(file)),
  );
  if (found.length === 0)
    throw new Refusal(
      `There are no hidden checks for ${entry.id} in ${folder}.`,
      `A file there is called ${entry.id}.ts. Leave --checks out to grade without hidden checks.`,
      2,
    );
  if (found.length > 1) throw new Refusal(`${folder} holds ${listed(found)} for one chapter.`, 'Keep one of them.', 2);
  return [path.join(folder, found[0]!)];
}

/** The chapter with its hidden checks added. */
export function withHiddenChecks(entry: ChapterEntry, files: readonly string[]): ChapterEntry {
  return {
    ...entry,
    load: async () => {
      const chapter = await entry.load();
      return files.length === 0 ? chapter : addChecks(chapter, await read(files[0]!), files[0]!);
    },
  };
}

async function read(file: string): Promise<Record<string, engine.Check[]>> {
  const { build } = await import('esbuild');
  let code: string;
  try {
    const folder = path.dirname(file);
    const { outputFiles } = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      charset: 'utf8',
      logLevel: 'silent',
      tsconfigRaw: {},
      plugins: [
        {
          name: 'own-files',
          setup: (builder) =>
            builder.onResolve({ filter: /.*/ }, ({ path: wanted, kind, resolveDir }) => {
              const inside = !path.relative(folder, path.resolve(resolveDir, wanted)).startsWith('..');
              if (kind === 'entry-point' || (wanted.startsWith('.') && inside)) return undefined;
              return { errors: [{ text: `cannot import '${wanted}': what a check needs is handed to its function` }] };
            }),
        },
      ],
    });
    code = outputFiles[0]!.text;
  } catch (error) {
    const [first] = (error as { errors?: { text: string; location?: { line: number } | null }[] }).errors ?? [];
    throw new Refusal(
      `The hidden checks in ${file} cannot be read: ${first?.text ?? String(error)}`,
      first?.location ? `Look at line ${first.location.line}.` : 'Mend the file, then try again.',
    );
  }
  const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as {
    default?: HiddenChecks;
  };
  if (typeof module.default !== 'function')
    throw new Refusal(
      `${file} exports no function.`,
      'It should be: export default ({ agrees }) => ({ "neuron/step": [agrees({ id: "more" })] });',
    );
  const shown = new WeakSet<engine.Check>();
  const visible = (check: engine.Check) => {
    const own: engine.Check = { ...check, visibility: 'visible' };
    shown.add(own);
    return own;
  };
  const checks = module.default({ ...engine, visible });
  return Object.fromEntries(
    Object.entries(checks).map(([name, list]) => [
      name,
      list.map((check) => (shown.has(check) ? check : { ...check, visibility: 'hidden' as const })),
    ]),
  );
}

function addChecks(chapter: engine.Chapter, checks: Record<string, engine.Check[]>, file: string): engine.Chapter {
  const names = chapter.topics.flatMap((topic) => topic.exercises.map((e) => `${topic.name}/${e.name}`));
  for (const name of Object.keys(checks))
    if (!names.includes(name))
      throw new Refusal(`${file} has checks for "${name}".`, `Did you mean ${nearest(name, names)}?`);
  return {
    ...chapter,
    topics: chapter.topics.map((topic) => ({
      ...topic,
      exercises: topic.exercises.map((exercise) => {
        const own = checks[`${topic.name}/${exercise.name}`] ?? [];
        if (own.length === 0) return exercise;
        const all = [...exercise.checks, ...own];
        const twice = own.find((check) => all.filter((c) => c.id === check.id).length > 1);
        if (twice)
          throw new Refusal(
            `${file}: ${topic.name}/${exercise.name} already has a check "${twice.id}".`,
            'Give yours a name of its own, which also draws inputs of its own: agrees({ id: "more" })',
          );
        const worth = all.reduce((sum, check) => sum + check.worth, 0);
        if (worth > exercise.points)
          throw new Refusal(
            `${file}: the checks of ${topic.name}/${exercise.name} are worth ${worth} points, and it has ${exercise.points}.`,
            'Give yours a smaller worth, or none: then the exercise’s own points wait for them, too.',
          );
        return { ...exercise, checks: all };
      }),
    })),
  };
}
