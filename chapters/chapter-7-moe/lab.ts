/**
 * The lab of chapter 7: four tasks, four experts, and who does what. Each task moves the points of the plane in its own way; a
 * token says which task it is and where the point lies, and nobody tells the router that there are as many experts as tasks. It
 * starts with a strong prejudice for expert 0, once without the balance loss and once with it, and a dense layer of the same
 * active size learns beside them. All of it is made of your own functions; nothing here is yours to write.
 *
 *   npm run lab chapter-7
 *   npm run lab chapter-7 -- --alpha 0.01
 *   npm run lab chapter-7 -- --bias 0
 *   npm run lab chapter-7 -- --k 2 --form renormalised --capacity 1
 */
import { normal, random, tensor, zeros } from '#tensor';
import type { Random, Tensor } from '#tensor';
import { linearBackward, linearForward } from '../chapter-2-bp/linear.ts';
import { mseBackward, mseForward } from '../chapter-2-bp/losses.ts';
import { adamInit, adamStep, clipByNorm } from '../chapter-2-bp/optimizers.ts';
import { feedForward, feedForwardBackward } from '../chapter-5-transformer/feed-forward.ts';
import type { FeedForwardWeights } from '../chapter-5-transformer/feed-forward.ts';
import { curvesSvg, curvesText, smoothed } from '../chapter-5-transformer/lab-pictures.ts';
import type { LabIo } from '../chapter-5-transformer/lab-pictures.ts';
import { parametersOf, withParameters } from '../chapter-5-transformer/parameters.ts';
import { assignmentFractions } from './balance.ts';
import { LETTER, along, lettersSvg, routingSvg, routingText } from './lab-pictures.ts';
import type { Routing } from './lab-pictures.ts';
import { moeCost, moeLayerBackward, moeLayerForward } from './moe-block.ts';
import type { MoeSettings, MoeWeights } from './moe-block.ts';
import { chooseExperts } from './router.ts';
import type { GateForm } from './router.ts';

// The tasks

/** What each task does to a point of the plane. */
export const TASKS: { name: string; to: (u: number, v: number) => [number, number] }[] = [
  { name: 'turn', to: (u, v) => [-v, u] },
  { name: 'mirror', to: (u, v) => [-u, v] },
  { name: 'swap', to: (u, v) => [v, u] },
  { name: 'lean', to: (u, v) => [u + v, v / 2] },
];
const WIDTH = TASKS.length + 3;

/** What is asked: the task as a row of 0 and 1, the point, and a constant 1, (N, C); and the answer, (N, 2). */
export interface Batch {
  x: Tensor;
  target: Tensor;
  /** which task, for each token */
  tasks: number[];
}

/** The given points of each task. */
export function asked(points: [number, number][][]): Batch {
  const all = points.flatMap((list, task) => list.map((point) => ({ task, point })));
  return {
    x: tensor(all.map(({ task, point }) => [...TASKS.map((_, k) => (k === task ? 1 : 0)), ...point, 1])),
    target: tensor(all.map(({ task, point }) => TASKS[task].to(...point))),
    tasks: all.map(({ task }) => task),
  };
}

/** Points anywhere in a square, each with a task of its own, drawn like it. */
export function draw(count: number, rng: Random): Batch {
  const points = TASKS.map((): [number, number][] => []);
  const next = () => 2 * rng.next() - 1;
  for (let i = 0; i < count; i++) points[rng.integer(TASKS.length)].push([next(), next()]);
  return asked(points);
}

// The models

/** A mixture, or one feed-forward layer; and a linear layer that makes one number of what it says. */
export interface Model<W> {
  layer: W;
  /** (1, C) */
  w: Tensor;
  /** (1) */
  b: Tensor;
}

/** Normal numbers of standard deviation √(2 / inputs), as chapter 2 starts layers with ReLU; biases 0. */
function newExpert(C: number, hidden: number, rng: Random): FeedForwardWeights {
  return {
    w1: normal([hidden, C], rng, 0, Math.sqrt(2 / C)),
    b1: zeros(hidden),
    w2: normal([C, hidden], rng, 0, Math.sqrt(2 / hidden)),
    b2: zeros(C),
  };
}
const newHead = (C: number, rng: Random) => ({ w: normal([2, C], rng, 0, Math.sqrt(1 / C)), b: zeros(2) });

/** Small router weights, but for one: the constant feature speaks for expert 0, as loudly as `bias` says. */
export function newMixture({ experts, hidden, bias, seed }: Settings): Model<MoeWeights> {
  const rng = random(`experts ${seed}`);
  const C = WIDTH;
  const wGate = normal([experts, C], rng, 0, 0.1);
  return {
    layer: {
      wGate: wGate.withSlice([[0, 1], [C - 1, C]], bias), // prettier-ignore
      experts: Array.from({ length: experts }, () => newExpert(C, hidden, rng)),
    },
    ...newHead(C, rng),
  };
}
export function newDense({ hidden, seed }: Settings): Model<FeedForwardWeights> {
  const rng = random(`dense ${seed}`);
  return { layer: newExpert(WIDTH, hidden, rng), ...newHead(WIDTH, rng) };
}

export interface Settings extends MoeSettings {
  experts: number;
  /** M of each expert */
  hidden: number;
  bias: number;
  /** tokens in a batch */
  batch: number;
  steps: number;
  seed: number;
}

/** What a model answers, what it lost, and the way back from there. */
interface Answered<W> {
  y: Tensor;
  loss: number;
  gradients: () => Model<W>;
}

/** The answer of a layer's output, and back to it. */
function fromHead<W>(layer: { y: Tensor }, { w, b }: Model<W>, target: Tensor, back: (dy: Tensor) => W): Answered<W> {
  const head = linearForward(layer.y, w, b);
  const { loss, cache } = mseForward(head.y, target);
  const gradients = () => {
    const { dx, dw, db } = linearBackward(mseBackward(cache), head.cache);
    return { layer: back(dx), w: dw, b: db };
  };
  return { y: head.y, loss, gradients };
}

/** How much the z-loss weighs. */
const Z = 0.001;

export function mixtureSlope(model: Model<MoeWeights>, { x, target }: Batch, alpha: number, routing: MoeSettings) {
  const { y, balance, cache } = moeLayerForward(x, model.layer, routing);
  const answered = fromHead({ y }, model, target, (dy) => moeLayerBackward(dy, alpha, Z, cache).weights);
  return { ...answered, balance };
}
export function denseSlope(model: Model<FeedForwardWeights>, { x, target }: Batch) {
  const { y, cache } = feedForward(x, model.layer, 'relu');
  return fromHead({ y }, model, target, (dy) => feedForwardBackward(dy, cache).weights);
}

const adam = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Trains on new places at every step, until the steps are used up or `listen` answers false. */
export function train<W>(
  start: Model<W>,
  slope: (model: Model<W>, batch: Batch) => Answered<W>,
  { batch, steps, seed }: Settings,
  listen: (losses: number[], model: Model<W>) => boolean,
): { losses: number[]; model: Model<W> } {
  const rng = random(`places ${seed}`);
  const losses: number[] = [];
  let parameters = parametersOf(start);
  let state = adamInit(parameters);
  const model = () => withParameters(start, parameters);
  while (losses.length < steps) {
    const { loss, gradients } = slope(model(), draw(batch, rng));
    const clipped = clipByNorm(parametersOf(gradients()), 1).gradients;
    // The step gets shorter towards the end, so that the curves come to rest.
    const learningRate = adam.learningRate * Math.min(1, 2 * (1 - losses.length / steps));
    ({ parameters, state } = adamStep(parameters, clipped, state, { ...adam, learningRate }));
    losses.push(loss);
    if (!listen(losses, model())) break;
  }
  return { losses, model: model() };
}

/** For each task the share of its tokens that each expert is chosen for: (tasks, E). */
export function shares({ layer: { wGate } }: Model<MoeWeights>, { x, tasks }: Batch, k: number): number[][] {
  const chosen = chooseExperts(x.matmul(wGate.T), k);
  return TASKS.map((_, task) => {
    const own = chosen.filter((_row, t) => tasks[t] === task);
    return Array.from(assignmentFractions(own, wGate.shape[0]).data);
  });
}

/** The mean squared error on a batch, which is used for nothing else. */
const tested = <W>(slope: (model: Model<W>, batch: Batch) => Answered<W>, model: Model<W>, batch: Batch) =>
  slope(model, batch).loss;

/** Moments at which the router is looked at. */
export const MOMENTS = 60;

/** A mixture trained with a weight α of the balance loss, and what its router did meanwhile. */
export function trainMixture(alpha: number, settings: Settings, listen: (step: number) => boolean) {
  const slope = (model: Model<MoeWeights>, batch: Batch) => mixtureSlope(model, batch, alpha, settings);
  const watch = draw(200, random('watched'));
  const start = newMixture(settings);
  const seen = [shares(start, watch, settings.k)];
  const { losses, model } = train(start, slope, settings, ({ length }, now) => {
    if (Math.floor((length * MOMENTS) / settings.steps) >= seen.length) seen.push(shares(now, watch, settings.k));
    return listen(length);
  });
  const test = draw(1000, random('test'));
  const { loss, balance } = mixtureSlope(model, test, alpha, settings);
  return { losses, model, seen, loss, balance, shares: shares(model, test, settings.k) };
}
export function trainDense(settings: Settings, listen: (step: number) => boolean) {
  const { losses, model } = train(newDense(settings), denseSlope, settings, ({ length }) => listen(length));
  return { losses, model, loss: tested(denseSlope, model, draw(1000, random('test'))) };
}

export const SETTINGS: Settings = {
  experts: 4,
  hidden: 5,
  bias: 4,
  k: 1,
  form: 'raw',
  capacityFactor: Infinity,
  batch: 192,
  steps: 1500,
  seed: 3,
};

// The lab

const WINDOW = 20;
const NAMES = TASKS.map(({ name }) => name);

/** Where a model sends the points of the letter, for each task. */
function lettersOf<W>(model: Model<W>, slope: (model: Model<W>, batch: Batch) => Answered<W>): [number, number][][] {
  const points = along(LETTER);
  const { y } = slope(model, asked(TASKS.map(() => points)));
  return TASKS.map((_, task) => points.map((_p, i) => [y.at(task * points.length + i, 0), y.at(task * points.length + i, 1)])); // prettier-ignore
}

/** `npm run lab chapter-7` */
export async function lab(io: LabIo): Promise<void> {
  const whole = (name: string, fallback: number, low: number, high: number) =>
    Math.min(high, Math.max(low, Math.round(io.option(name, fallback)) || fallback));
  const experts = whole('experts', SETTINGS.experts, 1, 16);
  const form: string = io.option('form', 'raw');
  if (form !== 'raw' && form !== 'renormalised')
    throw new Error(`the option form is "raw" or "renormalised", not "${form}"`);
  const capacity = io.option('capacity', 0);
  const settings: Settings = {
    experts,
    hidden: whole('hidden', SETTINGS.hidden, 1, 256),
    bias: io.option('bias', 4),
    k: whole('k', 1, 1, experts),
    form: form satisfies GateForm,
    capacityFactor: capacity > 0 ? capacity : Infinity,
    batch: whole('batch', SETTINGS.batch, 1, 10_000),
    steps: whole('steps', SETTINGS.steps, MOMENTS, 1e6),
    seed: whole('seed', SETTINGS.seed, 1, 1e9),
  };
  const alpha = io.option('alpha', 0.1);
  const { steps, k, hidden, bias } = settings;

  const at = k === 1 ? 'one works' : `${k} work`;
  io.print(
    `Four tasks: each sends the points of the plane somewhere else. ${experts} experts with ${hidden} hidden units each, of which ${at} on a token; and a dense layer with ${k * hidden} hidden units. ${steps} steps. The router begins with a bias of ${bias} for expert 0.\n`,
  );
  let done = 0;
  const listen = (name: string) => (step: number) => {
    io.progress((done + step) / (3 * steps + 1), `${name}, step ${step}`);
    return !io.stopped();
  };
  const denseSettings = { ...settings, hidden: k * hidden };
  const dense = trainDense(denseSettings, listen('the dense layer'));
  done += steps;
  const alone = trainMixture(0, settings, listen('no balance loss'));
  done += steps;
  const balanced = trainMixture(alpha, settings, listen(`balance loss × ${alpha}`));
  if (io.stopped()) return io.print('Stopped.');

  const runs: Routing[] = [
    { name: 'without the balance loss', shares: alone.seen },
    { name: `with it, α = ${alpha}`, shares: balanced.seen },
  ];
  for (const run of runs) {
    io.print(`${run.name}: who gets how much of a task, over time (dark: all of it)\n`);
    io.print(`${routingText(run, NAMES)}\n`);
  }
  await io.save(
    'routing.svg',
    routingSvg(
      'routing',
      'Who works on what while the router learns',
      'Two columns of fields, each with a field for every task and in it a row for every expert, time from left to right. On the left, without the balance loss, and on the right, with it; a dark row is an expert that gets all of a task.',
      runs,
      { tasks: NAMES, steps },
    ),
  );

  const cost = moeCost(WIDTH, hidden, experts, k);
  const plain = moeCost(WIDTH, k * hidden, 1, 1);
  const row = (name: string, parameters: number, active: number, loss: number, balance = '') =>
    io.print(`  ${name.padEnd(26)}${String(parameters).padStart(6)}${String(active).padStart(9)}${loss.toFixed(5).padStart(11)}${balance.padStart(10)}`); // prettier-ignore
  io.print(`  ${'layer'.padEnd(26)}${'weights'.padStart(6)}${'active'.padStart(8)}${'error'.padStart(11)}${'balance'.padStart(10)}`); // prettier-ignore
  row('dense', plain.parameters - WIDTH, plain.active - WIDTH, dense.loss);
  row('mixture, no balance loss', cost.parameters, cost.active, alone.loss, alone.balance.toFixed(2));
  row(`mixture, α = ${alpha}`, cost.parameters, cost.active, balanced.loss, balanced.balance.toFixed(2));
  const ended = (shares: number[][]) => shares.map((of) => of.map((v) => v.toFixed(2).padStart(6)).join(''));
  io.print(`\nWho works on what in the end (experts 0 to ${experts - 1} from left to right):\n`);
  io.print(`  ${''.padEnd(8)}${'without'.padEnd(6 * experts + 4)}with the balance loss`);
  const [before, after] = [ended(alone.shares), ended(balanced.shares)];
  NAMES.forEach((name, t) => io.print(`  ${name.padEnd(8)}${before[t]}    ${after[t]}`));

  const curves = [
    { name: 'dense', letter: 'd', values: smoothed(dense.losses, WINDOW) },
    { name: 'no balance loss', letter: 'o', values: smoothed(alone.losses, WINDOW) },
    { name: `α = ${alpha}`, letter: 'b', values: smoothed(balanced.losses, WINDOW) },
  ];
  io.print('\nThe error while they learned (d: dense; o: without, b: with the balance loss):\n');
  io.print(curvesText(curves, 0.12));
  await io.save(
    'mixture-loss.svg',
    curvesSvg(
      'mixture-loss',
      'A dense layer, a collapsed mixture, a balanced one',
      'The mean squared error of three layers against the steps. All fall; the mixture with the balance loss ends lowest.',
      curves,
      { steps, most: 0.12, what: 'error' },
    ),
  );
  const truth = TASKS.map(({ to }) => along(LETTER).map(([u, v]) => to(u, v)));
  await io.save(
    'letters.svg',
    lettersSvg(
      'letters',
      'A letter as three layers turn it',
      'A letter F for every task, in three rows: pale, where it should be; as a line, where the dense layer, the mixture without and the mixture with the balance loss put it.',
      NAMES,
      truth,
      [
        { name: 'dense', letters: lettersOf(dense.model, denseSlope) },
        { name: 'no balance loss', letters: lettersOf(alone.model, (m, b) => mixtureSlope(m, b, 0, settings)) },
        { name: `α = ${alpha}`, letters: lettersOf(balanced.model, (m, b) => mixtureSlope(m, b, 0, settings)) },
      ],
    ),
  );
  io.print('\nTo try: --bias 0, --form renormalised, --experts 6, --hidden 3');
  io.progress(1, 'done');
}
