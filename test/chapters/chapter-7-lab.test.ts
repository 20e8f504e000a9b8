/** The lab of chapter 7: its gradients are those of its losses, its letters and maps say what they should. */
import { normal, random, type Tensor } from '#tensor';
import { describe, expect, test } from 'vitest';
import { parametersOf, withParameters } from '../../solutions/chapter-5-transformer/parameters.ts';
import * as lab from '../../solutions/chapter-7-moe/lab.ts';
import { along, lettersSvg, routingSvg, routingText } from '../../solutions/chapter-7-moe/lab-pictures.ts';

const settings: lab.Settings = { ...lab.SETTINGS, batch: 16, steps: 60, k: 2, capacityFactor: 1 };
const batch = lab.draw(16, random('batch'));

/** The slope of a loss along a random direction, measured and computed. */
function slopes<W>(weights: W, gradients: W, loss: (weights: W) => number): [measured: number, computed: number] {
  const direction = parametersOf(weights).map((p, k) => normal(p.shape, random(`direction ${k}`)));
  const moved = (h: number) =>
    loss(withParameters(weights, parametersOf(weights).map((p, k) => p.add(direction[k]!.mul(h))))); // prettier-ignore
  const h = 1e-6;
  const along = parametersOf(gradients).reduce((sum: number, g: Tensor, k) => sum + g.mul(direction[k]!).sum().item(), 0); // prettier-ignore
  return [(moved(h) - moved(-h)) / (2 * h), along];
}

describe('the models', () => {
  test('the gradient of the dense layer is that of its loss', () => {
    const model = lab.newDense(settings);
    const [measured, computed] = slopes(model, lab.denseSlope(model, batch).gradients(), (m) => lab.denseSlope(m, batch).loss); // prettier-ignore
    expect(computed).toBeCloseTo(measured, 5);
  });

  test('the gradient of a mixture with α = 0 is that of its loss, but for the small z-loss on the router', () => {
    const model = lab.newMixture(settings);
    const { gradients } = lab.mixtureSlope(model, batch, 0, settings);
    const onlyExperts = (m: typeof model) => ({ ...m, layer: { ...m.layer, wGate: model.layer.wGate } });
    const still = gradients();
    const without = { ...still, layer: { ...still.layer, wGate: still.layer.wGate.mul(0) } };
    const [measured, computed] = slopes(model, without, (m) => lab.mixtureSlope(onlyExperts(m), batch, 0, settings).loss); // prettier-ignore
    expect(computed).toBeCloseTo(measured, 5);
  });

  test('the router starts with a prejudice for expert 0, and fair without the bias', () => {
    const first = (bias: number) => lab.shares(lab.newMixture({ ...settings, bias }), lab.draw(200, random('many')), 1);
    expect(first(4).every((of) => of[0] === 1)).toBe(true);
    expect(first(0).some((of) => of[0]! < 1)).toBe(true);
  });

  test('a short training is seen from its start to its end', () => {
    const { losses, seen, shares } = lab.trainMixture(0.1, settings, () => true);
    expect(losses).toHaveLength(60);
    expect(seen).toHaveLength(lab.MOMENTS + 1);
    for (const of of [...seen.flat(), ...shares]) expect(of.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(losses.slice(-10).reduce((a, b) => a + b)).toBeLessThan(losses.slice(0, 10).reduce((a, b) => a + b));
  });

  test('it stops when it is told to', () => {
    expect(lab.trainDense(settings, (step) => step < 3).losses).toHaveLength(3);
  });
});

test('every token has the answer of its task', () => {
  const { x, target, tasks } = batch;
  for (const [t, task] of tasks.entries()) {
    expect(x.at(t, task)).toBe(1);
    const [u, v] = lab.TASKS[task]!.to(x.at(t, 4), x.at(t, 5));
    expect([target.at(t, 0), target.at(t, 1)]).toEqual([u, v]);
  }
});

test('the pictures', () => {
  const run = { name: 'a < b', shares: [[[1, 0], [0, 1]], [[0.5, 0.5], [0, 1]]] }; // prettier-ignore
  expect(routingText(run, ['one', 'other'])).toBe('one    0 |@+|\n       1 | +|\n\nother  0 |  |\n       1 |@@|');
  const svg = routingSvg('id', 'a title', 'a story', [run], { tasks: ['one', 'other'], steps: 10 });
  expect(svg).toContain('a &lt; b');
  expect(svg.match(/class="cell"/g)).toHaveLength(5);
  expect(along([[0, 0], [0, 1]], 0.5)).toEqual([[0, 0], [0, 0.5], [0, 1]]); // prettier-ignore
  const letters = lettersSvg('id', 'a title', 'a story', ['one'], [[[0, 0]]], [{ name: 'model', letters: [[[0, 0]]] }]);
  expect(letters.match(/class="path/g)).toHaveLength(2);
});
