/** The lab of chapter 6: the base that is shipped, the methods' starts and gradients, and a short run. */
import { describe, expect, test } from 'vitest';
import { random, type Tensor } from '#tensor';
import { sequenceLoss } from '../../solutions/chapter-3-rnn/language-model.ts';
import { gptForward } from '../../solutions/chapter-5-transformer/gpt.ts';
import { countParameters, parametersOf, withParameters } from '../../solutions/chapter-5-transformer/parameters.ts';
import { BASE } from '../../solutions/chapter-6-lora/base.ts';
import { GPT, baseLoss, fromText, packBase, toText, unpackBase } from '../../solutions/chapter-6-lora/base-training.ts';
import {
  NAMES,
  SETTINGS,
  base,
  lab,
  methodOf,
  texts,
  timesOf,
  tune,
  type LabIo,
  type Name,
} from '../../solutions/chapter-6-lora/lab.ts';
import { merged, packBlocks, unpackBlocks, type AnyMethod } from '../../solutions/chapter-6-lora/methods.ts';
import type { AttentionLora } from '../../solutions/chapter-6-lora/lora.ts';
import { RECIPES } from '../../solutions/chapter-6-lora/recipes.ts';

const all = texts();
const weights = base();
const farthest = (a: Tensor, b: Tensor) => a.sub(b).abs().max().item();

describe('the shipped base', () => {
  test('loads, and has on the poems the loss that it claims', () => {
    expect(countParameters(weights)).toBe(27_456);
    expect(parametersOf(weights).every((p) => p.data.every(Number.isFinite))).toBe(true);
    expect(baseLoss(all.poems, weights)).toBeCloseTo(BASE.loss.packed, 3);
  });

  test('lost little by being packed, and is small', () => {
    expect(Math.abs(BASE.loss.packed - BASE.loss.trained)).toBeLessThan(0.01);
    expect(BASE.weights.length).toBeLessThan(300_000);
  });

  test('packed and unpacked once more, it is the same', () => {
    const again = parametersOf(unpackBase(packBase(weights)));
    expect(Math.max(...parametersOf(weights).map((p, k) => farthest(p, again[k]!)))).toBeLessThan(1e-9);
  });

  test('bytes become text and come back, however many there are', () => {
    for (const n of [0, 1, 2, 3, 4, 5, 256]) {
      const bytes = Array.from({ length: n }, (_, i) => (i * 37 + 200) % 256);
      expect(fromText(toText(bytes))).toEqual(bytes);
    }
    expect(() => fromText('AB?D')).toThrow('damaged');
    expect(unpackBase(packBase(weights)).tokens.shape).toEqual([all.characters.length, 32]);
  });

  test('can read every character of the recipes', () => {
    expect([...RECIPES.join('')].filter((c) => !all.characters.includes(c))).toEqual([]);
  });
});

const some = [all.recipes.slice(0, 9), all.recipes.slice(40, 49)];
const read = some.map((row) => row.slice(0, -1));
const targets = some.map((row) => row.slice(1));
const settings = { ...SETTINGS, rank: 2, bottleneck: 2, prefix: 3 };
const make = (name: Name) => methodOf(name, weights, settings, all);
const lossOf = (method: AnyMethod, learned: unknown) => sequenceLoss(method.run(read, learned).logits, targets).loss;

describe('a method', () => {
  test.each(['full', 'lora', 'adapter'] as const)('%s begins as the base', (name) => {
    const method = make(name);
    expect(farthest(method.run(read, method.start).logits, gptForward(read, weights, GPT).logits)).toBeLessThan(1e-9);
  });

  test('qlora begins as the base in 4 bits, and takes less memory', () => {
    const method = make('qlora');
    const rough = unpackBlocks(weights, packBlocks(weights, 'q4_0'));
    expect(farthest(method.run(read, method.start).logits, gptForward(read, rough, GPT).logits)).toBeLessThan(1e-9);
    expect(method.frozenBytes).toBeLessThan(make('lora').frozenBytes / 4);
  });

  test.each(NAMES)('%s: its gradient is that of its loss, in a direction of chance', (name) => {
    const method = make(name);
    const rng = random(name);
    const shift = (parameters: Tensor[], by: number, way: Tensor[]) =>
      withParameters(method.start, parameters.map((p, k) => p.add(way[k]!.mul(by)))); // prettier-ignore
    // Not at the start, where half of a detour is zero and has no say.
    const at = parametersOf(method.start).map((p) => p.add(p.map(() => 0.1 * rng.normal())));
    const way = at.map((p) => p.map(() => rng.normal()));
    const { logits, back } = method.run(read, withParameters(method.start, at));
    const gradients = parametersOf(back(sequenceLoss(logits, targets).dlogits));
    const along = gradients.reduce((sum, g, k) => sum + g.mul(way[k]!).sum().item(), 0);
    const h = 1e-5;
    const slope = (lossOf(method, shift(at, h, way)) - lossOf(method, shift(at, -h, way))) / (2 * h);
    expect(Math.abs(along - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  });

  test('LoRA, merged, is a GPT that does the same', () => {
    const method = make('lora');
    const learned = tune(method, all, { ...settings, steps: 2, batch: 2 }, () => true).learned; // prettier-ignore
    const one = merged(weights, learned as AttentionLora[], settings.alpha);
    expect(farthest(gptForward(read, one, GPT).logits, method.run(read, learned).logits)).toBeLessThan(1e-9);
  });
});

/** Runs the lab until it has been asked `asks` times whether it should stop. */
async function run(asks: number, options: Record<string, number | string>) {
  const lines: string[] = [];
  const files = new Map<string, string>();
  let asked = 0;
  const io: LabIo = {
    print: (text) => void lines.push(text),
    progress: () => {},
    save: (name, text) => void files.set(name, text),
    load: () => undefined,
    option: <T extends number | string | boolean>(name: string, fallback: T) =>
      (options[name] as T | undefined) ?? fallback,
    stopped: () => ++asked > asks,
    now: () => 0,
  };
  await lab(io);
  return { text: lines.join('\n'), files };
}

test('the time of a step is the shortest of several, and methods take turns', () => {
  // A clock that is slow in the first round.
  let asked = 0;
  const now = () => (asked++ < 4 ? asked * 100 : 1000 + asked);
  expect(timesOf([make('lora'), make('prefix')], all, { ...settings, batch: 1 }, now)).toEqual([1, 1]);
});

describe('the lab', () => {
  test('runs, leaves the base as it was, and draws', async () => {
    const { text, files } = await run(Infinity, { steps: 2, batch: 1, methods: 'lora,prefix' });
    expect(text).toMatch(/LoRA +1024 +3\.7 % +252 kB/);
    expect(text).toContain('(the same)');
    expect(text).toMatch(/taken off: loss on the poems [\d.]+, what it was before\./);
    expect([...files.keys()]).toEqual(['tuning-bars.svg', 'tuning-ways.svg']);
    expect([...files.values()].join('')).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('stops politely, and refuses a method that it does not know', async () => {
    expect((await run(1, { steps: 50, batch: 1, methods: 'lora' })).text).toContain('Stopped');
    await expect(run(Infinity, { methods: 'lora,lore' })).rejects.toThrow('"lore"');
  });
});
