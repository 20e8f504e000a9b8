/** The checkpoint of chapter 5's GPT: a run that was stopped goes on as if it had not been, and nothing else is taken up. */
import { describe, expect, test } from 'vitest';
import type { LabIo } from '../../solutions/chapter-5-transformer/lab.ts';
import { parametersOf } from '../../solutions/chapter-5-transformer/parameters.ts';
import {
  CHECKPOINT,
  FINISHED,
  WRITER,
  beginning,
  corpus,
  fromCheckpoint,
  knownWords,
  oneStep,
  run,
  stepsFor,
  toCheckpoint,
  toTokens,
  type Standing,
} from '../../solutions/chapter-5-transformer/writer.ts';

const settings = { ...WRITER, width: 4, heads: 2, context: 6, batch: 2 };
const { training, characters, words } = corpus();
const tokens = toTokens(training, characters);
const start = () => beginning(settings, characters.length);
const steps = (from: Standing, n: number) => {
  let now = from;
  for (let i = 0; i < n; i++) now = oneStep(now, tokens, settings, 60);
  return now;
};

describe('a checkpoint', () => {
  const half = steps(start(), 4);
  const text = toCheckpoint(half, settings, 60);

  test('goes on to the very numbers of a run that was not stopped', () => {
    const restored = fromCheckpoint(text, settings, 0);
    expect(restored).toMatchObject({ kind: 'standing', total: 60 });
    const resumed = steps((restored as { standing: Standing }).standing, 3);
    const whole = steps(start(), 7);
    expect(resumed.losses).toEqual(whole.losses);
    expect(parametersOf(resumed.weights).map((p) => p.toArray())).toEqual(
      parametersOf(whole.weights).map((p) => p.toArray()),
    );
  });

  test('is none where there is nothing, or where the last run was finished', () => {
    expect(fromCheckpoint(undefined, settings, 0)).toEqual({ kind: 'none' });
    expect(fromCheckpoint(FINISHED, settings, 0)).toEqual({ kind: 'none' });
  });

  const edited = (change: (stored: Record<string, unknown>) => void) => {
    const stored = JSON.parse(text) as Record<string, unknown>;
    change(stored);
    return JSON.stringify(stored);
  };
  test.each([
    ['other settings', text, { ...settings, heads: 1 }, 0, 'heads 2, and this run asks for 1'],
    ['another number of steps', text, settings, 80, 'on its way to 60 steps, and this run asks for 80'],
    ['another text', edited((s) => (s.characters = 'ab')), settings, 0, 'another text'],
    ['other shapes', edited((s) => ((s.shapes as string[])[0] = '(9)')), settings, 0, 'other shapes'],
    ['numbers missing', edited((s) => (s.parameters as number[][])[2]!.pop()), settings, 0, 'damaged'],
    ['a number that is none', edited((s) => ((s.v as unknown[][])[1]![0] = null)), settings, 0, 'damaged'],
    ['half a file', text.slice(0, 100), settings, 0, 'no JSON'],
    ['something else', '7', settings, 0, 'no model'],
    ['an empty record', '{}', settings, 0, 'no model'],
    ['null', 'null', settings, 0, 'no model'],
  ])('is refused with %s', (_what, stored, asked, wanted, why) => {
    const restored = fromCheckpoint(stored, asked, wanted);
    expect(restored).toMatchObject({ kind: 'unfit', why: expect.stringContaining(why) as string });
  });
});

/** Runs the lab until it has been asked `asks` times whether it should stop. */
async function lab(files: Map<string, string>, asks: number, options: Record<string, number | boolean> = {}) {
  const lines: string[] = [];
  let asked = 0;
  const given: Record<string, number | boolean> = { width: 4, heads: 2, context: 6, batch: 2, steps: 60, ...options };
  const io: LabIo = {
    print: (text) => void lines.push(text),
    progress: () => {},
    save: (name, text) => void files.set(name, text),
    load: (name) => files.get(name),
    option: <T extends number | string | boolean>(name: string, fallback: T) =>
      (given[name] as T | undefined) ?? fallback,
    stopped: () => ++asked > asks,
    now: () => 0,
  };
  await run(io);
  return lines.join('\n');
}

describe('the lab', () => {
  test('stops with a checkpoint, goes on from it, refuses another one, and begins anew when asked', async () => {
    const files = new Map<string, string>();
    expect(await lab(files, 3)).toContain('Stopped after step 3 of 60');
    expect(await lab(files, 2)).toMatch(/Going on from step 3 of 60[^]*Stopped after step 5 of 60/);
    expect(await lab(files, 2, { width: 6 })).toMatch(/does not fit[^]*made with width 4[^]*--fresh/);
    expect(await lab(files, 2, { width: 6, fresh: true })).toContain('Stopped after step 2 of 60');
    expect(files.has(CHECKPOINT)).toBe(true);
  });
});

test('words that are known are counted, the last one of a sample not, for it may be cut off', () => {
  expect(knownWords('the tyger blurp of thx', words)).toBeCloseTo(2 / 3);
  expect(knownWords('a b', words)).toBe(0);
});

test('the number of steps comes from what one takes', () => {
  expect([stepsFor(140, 47), stepsFor(140, 1), stepsFor(1, 100)]).toEqual([3000, 6000, 300]);
});
