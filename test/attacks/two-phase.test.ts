/** Two-phase grading: the code runs at the other end of a command, where nothing is that a student must not see. */
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalResult, type Result } from '../../grader/class/result.ts';
import { grade, temporary, validResult, write } from '../class/people.ts';
import { ASSIGNMENT, base, honest, repository, wrongWith } from './base.ts';

/** A copy of the course as the collector needs it: no spec, no oracle, no class, no hidden check. */
function collectorsCourse(): string {
  const folder = temporary();
  for (const name of [
    'package.json',
    'solutions',
    'grader/engine',
    'grader/sandbox',
    'grader/cli/start.mjs',
    'grader/cli/collect.ts',
  ])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

const quoted = (text: string) => `"${text}"`;
const collectorIn = (folder: string) =>
  `${quoted(process.execPath)} ${quoted(join(folder, 'grader/cli/start.mjs'))} collect`;

const checks = () =>
  write(temporary(), {
    'chapter-1.ts': `export default ({ agrees }) => ({
      'linear-unit/meanSquaredError': [{ ...agrees({ id: 'hidden' }), fixed: () => [{ outputs: [3, 5], targets: [1, 2.0625] }] }],
    });`,
  });

/** All that must be the same, wherever the code ran. */
const same = ({ isolation: _, report, ...rest }: Result) =>
  JSON.stringify(
    canonicalResult({ ...rest, isolation: null, ...(report && { report: { ...report, isolation: '' } }) }),
  );

const CLASS: Record<string, string> = {
  'a-honest': honest,
  'b-wrong': base,
  'c-loops': wrongWith({ meanSquaredError: 'for (;;);' }),
  'd-floods': wrongWith({ deltaRule: "console.log('x'.repeat(1e6)); throw new RangeError('梯度 \\u2028 -0');" }),
  'e-fills': wrongWith({ linearForward: 'const a = []; for (;;) a.push(new Float64Array(1e6).fill(1));' }),
  'f-odd': wrongWith({
    meanSquaredError: 'return -0;',
    deltaRule: 'return { weights: [NaN, undefined, -Infinity] as number[], bias: (() => 1) as never };',
    linearForward: 'return X.mul(NaN);',
  }),
  'g-broken': 'export const a = (;',
  'h-hidden': `export const $ = 1;\n${wrongWith({
    meanSquaredError:
      "if (outputs.length === 0 || outputs.length !== targets.length) throw new RangeError('no'); if (outputs[0] === 3) return 1; return outputs.reduce((sum, y, i) => sum + (y - targets[i]) ** 2, 0) / outputs.length;",
  })}`,
  'i-throws': "throw new Error('at once');",
  'j-later': `import { linearForward as f } from '../chapter-2-bp/linear.ts';\n${base}\nexport const g = f;`,
  'k-after': honest,
};

const hand = (files: Record<string, string>) =>
  write(temporary(), Object.fromEntries(Object.entries(files).map(([id, text]) => [`${id}/linear-unit.ts`, text])));

describe('two-phase grading', () => {
  test('gives everybody the very result that they get otherwise, and needs nothing of the judge’s', async () => {
    const course = collectorsCourse();
    expect(readdirSync(join(course, 'grader')).sort()).toEqual(['cli', 'engine', 'sandbox']);
    const how = { chapter: ASSIGNMENT, checks: checks() };
    const source = hand(CLASS);
    const [here, there] = await Promise.all([
      grade(source, temporary(), { ...how, jobs: 1, isolation: 'process' }),
      grade(source, temporary(), { ...how, jobs: 1, collector: collectorIn(course) }),
    ]);
    for (const id of Object.keys(CLASS)) {
      const result = there.results.get(id)!;
      expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);
      expect(result.isolation, id).toBe('two-phase');
      const other = here.results.get(id)!;
      // On a busy machine the time may be up before the memory is full.
      if (id === 'e-fills') {
        expect(result.points).toBe(other.points);
        expect(['oom', 'timeout']).toContain(result.verdict);
      } else expect(same(result), id).toBe(same(other));
    }
    expect(there.results.get('a-honest')!.verdict).toBe('pass');
    expect(there.results.get('c-loops')!.verdict).toBe('timeout');
    expect(there.results.get('h-hidden')!.report!.topics[0]!.exercises[1]!.failure!.check).toBe('hidden');
  }, 180_000);

  /** A collector that a student has taken over: it says what it likes. */
  const liar = (body: string) => {
    const folder = write(temporary(), {
      'liar.mjs': `
        import { createInterface } from 'node:readline';
        const say = (x) => process.stdout.write((typeof x === 'string' ? x : JSON.stringify(x)) + '\\n');
        say({ ready: true });
        const names = ['linearOutput', 'meanSquaredError', 'meanSquaredErrorGradient', 'deltaRule', 'trainLinearUnit', 'linearForward', 'linearGradients'];
        for await (const line of createInterface({ input: process.stdin })) {
          const asked = JSON.parse(line);
          if (asked.type === 'open') say({ loaded: { kind: 'loaded', exports: names.map((name) => [name, 'function']), verdict: 'pass' } });
          else { ${body} }
        }`,
    });
    return `${quoted(process.execPath)} ${quoted(join(folder, 'liar.mjs'))}`;
  };

  test.each([
    ['a verdict in every line', "for (const _ of asked.programs) say({ outcome: { kind: 'value', value: 0, verdict: 'pass', points: 99 }, verdict: 'pass', points: 99 }); say({ done: true, points: 99 });"], // prettier-ignore
    ['verdicts for values', "for (const _ of asked.programs) say({ outcome: { kind: 'pass' } });"],
    ['what is no JSON', "for (const _ of asked.programs) say('{{{');"],
    ['values of no known form', "for (const _ of asked.programs) say({ outcome: { kind: 'value', value: { t: 'tensor', shape: [-1], data: 'x' } } });"], // prettier-ignore
    ['numbers that are none', "for (const _ of asked.programs) say('{\"outcome\":{\"kind\":\"value\",\"value\":{\"$\":\"numbers\",\"data\":\"AAA=\"}}}');"], // prettier-ignore
    ['nothing, and leaves', 'process.exit(0);'],
    ['a hundred thousand levels', "for (const _ of asked.programs) say('['.repeat(1e5) + ']'.repeat(1e5));"],
  ])('a collector that says %s', async (_, body) => {
    const source = hand({ a: honest });
    const { results } = await grade(source, temporary(), { chapter: ASSIGNMENT, jobs: 1, collector: liar(body) });
    const result = results.get('a')!;
    expect(validResult(result), JSON.stringify(validResult.errors)).toBe(true);
    expect(result).toMatchObject({ status: 'graded', points: 0 });
    for (const exercise of result.report!.topics[0]!.exercises)
      expect(['fail', 'crash', 'error'], exercise.name).toContain(exercise.verdict);
  });

  test('a command that is none is nobody’s fault but the instructor’s, and says so', async () => {
    const source = hand({ a: honest });
    const collector = `${quoted(process.execPath)} -e 0`;
    const { results } = await grade(source, temporary(), { chapter: ASSIGNMENT, jobs: 1, collector });
    expect(results.get('a')).toMatchObject({
      status: 'grader-error',
      reason: expect.stringContaining('Two-phase grading: the collector ended with exit code 0') as string,
    });
  });

  test('the recipe for a container copies what the collector needs, and no more', () => {
    const recipe = readFileSync(join(repository, 'deploy/collector.Dockerfile'), 'utf8');
    const copied = [...recipe.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, words]) => words!.split(' '));
    for (const path of copied) expect(existsSync(join(repository, path)), path).toBe(true);
    expect(copied).toEqual(
      expect.arrayContaining(['solutions', 'grader/engine', 'grader/sandbox', 'grader/cli/collect.ts']),
    );
    expect(copied.join(' ')).not.toMatch(/grader\/(class|chapter)|\.( |$)/);
  });
});
