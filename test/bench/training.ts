/**
 * The workloads that train: products and steps on the course's own array library, float64, one thread, with the chapters'
 * own solutions. Sizes are fixed, so that other libraries can be timed on the same work.
 */
import { performance } from 'node:perf_hooks';
import { Random, Tensor, normal, random, uniform, zeros } from '#tensor';
import { mlpBackward, mlpForward, type Layer } from '../../solutions/chapter-2-bp/mlp.ts';
import { mseBackward, mseForward } from '../../solutions/chapter-2-bp/losses.ts';
import { adamInit } from '../../solutions/chapter-2-bp/optimizers.ts';
import { softmaxForward } from '../../solutions/chapter-2-bp/activations.ts';
import { lstmBackward, lstmForward } from '../../solutions/chapter-4-lstm/lstm.ts';
import { trainStep, type GptWeights } from '../../solutions/chapter-5-transformer/gpt.ts';
import { parametersOf } from '../../solutions/chapter-5-transformer/parameters.ts';

/** A workload; `once` returns the milliseconds of one pass over the work. */
export interface Training {
  workload: string;
  once: () => Promise<number>;
}

/** Work shorter than a clock can be trusted with is repeated this often per measurement. */
const MANY = 200;

/** All of them. Nothing is built before it is asked for. */
export function trainings(): Training[] {
  return [
    ...[64, 128, 256].map((n) => ({ workload: `matmul-${n}`, once: timed(() => matmul(n), n > 128 ? 20 : MANY) })),
    { workload: 'softmax-64x64', once: timed(softmax, MANY) },
    { workload: 'add-4x4', once: timed(add, 20_000) },
    { workload: 'mlp-per-sample-epoch', once: timed(epoch, 1) },
    { workload: 'lstm-T32-B16-H64-fwd-bwd', once: timed(lstm, 5) },
    { workload: 'gpt-train-step-C64-L2-T64-B8', once: timed(gpt, 1) },
  ];
}

/** Milliseconds of one of `times` passes. The first call builds the work and lets it run warm for two seconds. */
function timed(build: () => () => void, times: number): () => Promise<number> {
  let work: (() => void) | undefined;
  return () => {
    if (work === undefined) {
      work = build();
      const warm = performance.now() + 2_000;
      while (performance.now() < warm) work();
    }
    const start = performance.now();
    for (let i = 0; i < times; i++) work();
    return Promise.resolve((performance.now() - start) / times);
  };
}

function matmul(n: number): () => void {
  const [a, b] = [normal([n, n], random(1)), normal([n, n], random(2))];
  return () => void a.matmul(b);
}

function softmax(): () => void {
  const x = normal([64, 64], random(1));
  return () => void softmaxForward(x);
}

function add(): () => void {
  const [a, b] = [normal([4, 4], random(1)), normal([4, 4], random(2))];
  return () => void a.add(b);
}

/** 700 samples, one by one, through 2-25-50-25-2 with sigmoids: forward, backward, and a step of gradient descent. */
function epoch(): () => void {
  const rng = random(1);
  const widths = [2, 25, 50, 25, 2];
  let layers: Layer[] = widths.slice(1).map((out, l) => ({ w: normal([out, widths[l]!], rng, 0, 0.5), b: zeros(out) }));
  const samples = Array.from({ length: 700 }, () => ({ x: normal([1, 2], rng), target: uniform([1, 2], rng) }));
  return () => {
    for (const { x, target } of samples) {
      const { y, cache } = mlpForward(x, layers, 'sigmoid');
      const gradients = mlpBackward(mseBackward(mseForward(y, target).cache), cache).layers;
      layers = layers.map(({ w, b }, l) => ({
        w: w.sub(gradients[l]!.dw.mul(0.1)),
        b: b.sub(gradients[l]!.db.mul(0.1)),
      }));
    }
  };
}

/** Forward and backward over 32 steps, a batch of 16, width 64, inputs of width 64. */
function lstm(): () => void {
  const [T, B, H, rng] = [32, 16, 64, random(1)] as const;
  const weights = {
    wIh: normal([4 * H, H], rng, 0, 0.1),
    wHh: normal([4 * H, H], rng, 0, 0.1),
    bIh: zeros(4 * H),
    bHh: zeros(4 * H),
  };
  const [x, dy, state] = [normal([T, B, H], rng), normal([T, B, H], rng), zeros(B, H)];
  return () => void lstmBackward(dy, state, state, lstmForward(x, state, state, weights).cache);
}

/** A training step of a GPT: width 64, 4 heads, 2 layers, 64 tokens, batch 8, vocabulary 65, feed-forward × 4, Adam. */
function gpt(): () => void {
  const [V, C, T, B, rng] = [65, 64, 64, 8, random(1)] as const;
  let weights = newGpt(V, C, T, 2, rng);
  const flat = parametersOf(weights);
  let state = adamInit(flat);
  const text = Array.from({ length: B }, () => Array.from(uniform([T + 1], rng, 0, V).data, Math.floor));
  const training = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };
  return () => {
    ({ weights, state } = trainStep(text, weights, state, { heads: 4, activation: 'gelu' }, training));
  };
}

function newGpt(V: number, C: number, L: number, layers: number, rng: Random): GptWeights {
  const matrix = (rows: number, columns: number) => normal([rows, columns], rng, 0, 0.02);
  const norm = () => ({ gamma: zeros(C).add(1), beta: zeros(C) });
  const square = () => matrix(C, C);
  const [wide, thin]: [Tensor, Tensor] = [zeros(4 * C), zeros(C)];
  return {
    tokens: matrix(V, C),
    positions: matrix(L, C),
    blocks: Array.from({ length: layers }, () => ({
      attention: {
        ...{ wQ: square(), wK: square(), wV: square(), wO: square() },
        ...{ bQ: thin, bK: thin, bV: thin, bO: thin },
      },
      norm1: norm(),
      feedForward: { w1: matrix(4 * C, C), b1: wide, w2: matrix(C, 4 * C), b2: thin },
      norm2: norm(),
    })),
    norm: norm(),
  };
}
