/** The models of chapter 5's labs: their gradients are those of their losses, and their drawings say what they should. */
import { normal, random, type Tensor } from '#tensor';
import { describe, expect, test } from 'vitest';
import * as order from '../../solutions/chapter-5-transformer/order.ts';
import { mapText, mapsSvg } from '../../solutions/chapter-5-transformer/lab-pictures.ts';
import { parametersOf, withParameters } from '../../solutions/chapter-5-transformer/parameters.ts';
import * as sequences from '../../solutions/chapter-5-transformer/sequences.ts';

/** The slope of a loss along a random direction, measured and computed. */
function slopes<W>(weights: W, gradients: W, loss: (weights: W) => number): [measured: number, computed: number] {
  const direction = parametersOf(weights).map((p, k) => normal(p.shape, random(`direction ${k}`)));
  const moved = (h: number) =>
    loss(withParameters(weights, parametersOf(weights).map((p, k) => p.add(direction[k]!.mul(h))))); // prettier-ignore
  const h = 1e-5;
  const along = parametersOf(gradients).reduce((sum: number, g: Tensor, k) => sum + g.mul(direction[k]!).sum().item(), 0); // prettier-ignore
  return [(moved(h) - moved(-h)) / (2 * h), along];
}

describe('reversing and sorting', () => {
  const block = { heads: 2, activation: 'gelu', order: 'pre' } as const;
  const model = sequences.newTranslator({ width: 8, length: 4, seed: 1 });
  const batch = sequences.sequences('sort', 4, 3, random('batch'));

  test('targets are the sources backwards, or sorted as numbers', () => {
    const { source, target } = sequences.sequences('reverse', 5, 2, random('reverse'));
    expect(target).toEqual(source.map((row) => row.toReversed()));
    expect(batch.target).toEqual(batch.source.map((row) => row.toSorted((a, b) => a - b)));
  });

  test('the gradient is that of the loss', () => {
    const { gradients } = sequences.slope(batch, model, block);
    const [measured, computed] = slopes(model, gradients, (m) => sequences.slope(batch, m, block).loss);
    expect(computed).toBeCloseTo(measured, 6);
  });

  test('it writes as many digits as it read, and is right only where all of them are', () => {
    const said = sequences.write(batch.source, model, block);
    expect(said.map((row) => row.length)).toEqual([4, 4, 4]);
    expect(sequences.right(batch.target, batch.target)).toBe(1);
    expect(sequences.right([[1, 2], [3, 4]], [[1, 2], [3, 5]])).toBe(0.5); // prettier-ignore
  });

  test('each digit written shares out one whole look at what was read', () => {
    const looks = sequences.looks(batch.source[0]!, batch.target[0]!, model, block);
    expect(looks.shape).toEqual([2, 4, 4]);
    expect(looks.sum(-1).data.every((s) => Math.abs(s - 1) < 1e-12)).toBe(true);
  });
});

describe('the order of the words', () => {
  test.each(order.kinds)('the gradient of an encoder that $name is that of the loss', (kind) => {
    const reader = order.newReader({ vocabulary: 8, length: 5, width: 8, blocks: 1 }, random('reader'));
    const { texts, answers } = order.questions(5, 4, random('questions'));
    const { gradients } = order.slope(texts, answers, reader, kind);
    const [measured, computed] = slopes(reader, gradients, (r) => order.slope(texts, answers, r, kind).loss);
    expect(computed).toBeCloseTo(measured, 6);
  });

  test('an encoder that sees all and knows no positions makes the same of both sentences; the others do not', () => {
    const [all, causal, placed] = order.kinds.map((kind) => order.distances(kind, 1));
    expect(Math.max(...all!)).toBeLessThan(1e-12);
    expect(Math.min(...causal!)).toBeGreaterThan(0.1);
    expect(Math.min(...placed!)).toBeGreaterThan(0.1);
  });

  test('every question has one A and one B, and its answer is whether A comes first', () => {
    const { texts, answers } = order.questions(6, 50, random('more questions'));
    for (const [k, text] of texts.entries()) {
      expect(text.filter((letter) => letter < 2).toSorted()).toEqual([0, 1]);
      expect(answers.data[k]).toBe(text.indexOf(0) < text.indexOf(1) ? 1 : 0);
    }
  });
});

test('a map of attention in letters and as a picture', () => {
  const map = { name: 'a < b', rows: [[1, 0], [0.5, 0.5]], queries: ['x', 'yy'], keys: ['x', 'yy'] }; // prettier-ignore
  expect(mapText(map)).toBe('      x yy\n x |  @    |\nyy |  +  + |');
  const svg = mapsSvg('id', 'a title', 'a story', [map]);
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/class="cell"/g)).toHaveLength(3);
});
