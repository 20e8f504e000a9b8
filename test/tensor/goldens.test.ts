import { describe, expect, it } from 'vitest';
import { Tensor, concat, erf, oneHot, ones, tensor, where, zeros } from '#tensor';
import { golden } from './golden.ts';

type Inputs = Record<string, Tensor>;

const sigmoid = (x: Tensor) => x.neg().exp().add(1).reciprocal();
const softplus = (x: Tensor) => x.maximum(0).add(x.abs().neg().exp().add(1).log());
function logSoftmax(x: Tensor): Tensor {
  const shifted = x.sub(x.max(-1, { keepDims: true }));
  return shifted.sub(shifted.exp().sum(-1, { keepDims: true }).log());
}
const softmax = (x: Tensor) => logSoftmax(x).exp();
function standardize(x: Tensor, axis: number, eps: number): Tensor {
  const centered = x.sub(x.mean(axis, { keepDims: true }));
  return centered.div(centered.square().mean(axis, { keepDims: true }).add(eps).sqrt());
}

/** Each case of basics.json, written with Tensor operations. */
const basics: Record<string, (inputs: Inputs) => Record<string, Tensor>> = {
  sigmoid: ({ x }) => ({ y: sigmoid(x) }),
  tanh: ({ x }) => ({ y: x.tanh() }),
  relu: ({ x }) => ({ y: x.maximum(0) }),
  gelu: ({ x }) => ({ y: x.div(Math.SQRT2).map(erf).add(1).mul(x).div(2) }),
  silu: ({ x }) => ({ y: x.mul(sigmoid(x)) }),
  softplus: ({ x }) => ({ y: softplus(x) }),
  gelu_tanh: ({ x }) => ({
    y: x
      .pow(3)
      .mul(0.044715)
      .add(x)
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1)
      .mul(x)
      .div(2),
  }),
  prelu: ({ x, a }) => ({ y: where(x.greater(0), x, x.mul(a)) }),
  softmax: ({ x }) => ({ y: softmax(x) }),
  log_softmax: ({ x }) => ({ y: logSoftmax(x) }),
  softmax_large: ({ x }) => ({ y: softmax(x) }),
  mse: ({ x, target }) => ({ loss: x.sub(target).square().mean() }),
  cross_entropy: ({ logits, target }) => ({ loss: logSoftmax(logits).pick(target).mean().neg() }),
  cross_entropy_smoothed: ({ logits, target }) => {
    const classes = logits.shape[1];
    const goal = oneHot(target, classes)
      .mul(0.9)
      .add(0.1 / classes);
    return { loss: logSoftmax(logits).mul(goal).sum(-1).mean().neg() };
  },
  cross_entropy_ignore: ({ logits, target }) => {
    const counts = target.notEqual(-100);
    const losses = logSoftmax(logits).pick(target.maximum(0)).neg();
    return { loss: losses.mul(counts).sum().div(counts.sum()) };
  },
  bce_with_logits: ({ logits, target }) => ({ loss: softplus(logits).sub(logits.mul(target)).mean() }),
  smooth_l1: ({ x, target }) => {
    const distance = x.sub(target).abs();
    return { loss: where(distance.less(1), distance.square().div(2), distance.sub(0.5)).mean() };
  },
  linear: ({ x, weight, bias }) => ({ y: x.matmul(weight.T).add(bias) }),
  layer_norm: ({ x, weight, bias }) => ({ y: standardize(x, -1, 1e-5).mul(weight).add(bias) }),
  rms_norm: ({ x, weight }) => ({
    y: x.div(x.square().mean(-1, { keepDims: true }).add(1e-6).sqrt()).mul(weight),
  }),
  batch_norm_train: ({ x, weight, bias }) => {
    const n = x.shape[0];
    const variance = x
      .sub(x.mean(0))
      .square()
      .sum(0)
      .div(n - 1);
    return {
      y: standardize(x, 0, 1e-5).mul(weight).add(bias),
      running_mean: x.mean(0).mul(0.1),
      running_var: variance.mul(0.1).add(0.9),
    };
  },
  batch_norm_eval: ({ x, weight, bias, running_mean, running_var }) => ({
    y: x.sub(running_mean).div(running_var.add(1e-5).sqrt()).mul(weight).add(bias),
  }),
  embedding: ({ weight, index }) => ({ y: weight.gather(index) }),
};

function expectClose(got: Tensor, want: Tensor): void {
  expect(got.shape).toEqual(want.shape);
  expect(got.allClose(want), `got ${got}\nPyTorch has ${want}`).toBe(true);
}

describe('forward, as PyTorch', () => {
  it.each(Object.keys(basics))('%s', (name) => {
    const { inputs, outputs } = golden('basics', name);
    const results = basics[name](inputs);
    expect(Object.keys(results).sort()).toEqual(Object.keys(outputs).sort());
    for (const key of Object.keys(outputs)) expectClose(results[key], outputs[key]);
  });

  it('scaled dot product attention', () => {
    const { inputs, outputs } = golden('attention', 'scaled_dot_product');
    const { q, k, v } = inputs;
    const weights = softmax(q.matmul(k.T).div(Math.sqrt(q.shape[1])));
    expectClose(weights, outputs.weights);
    expectClose(weights.matmul(v), outputs.y);
  });

  it('a linear layer with a low-rank adapter', () => {
    const { inputs, outputs } = golden('adapters', 'lora_linear');
    const { x, weight, bias, A, B, alpha, rank } = inputs;
    const merged = weight.add(B.matmul(A).mul(alpha.div(rank)));
    expectClose(merged, outputs.merged);
    expectClose(x.matmul(merged.T).add(bias), outputs.y);
  });

  it('a convolution along one axis, as a product for each tap', () => {
    const { inputs, outputs } = golden('convolution', 'conv1d_s1p0');
    const { x, weight, bias } = inputs;
    const length = outputs.y.shape[2];
    const taps = Array.from({ length: weight.shape[2] }, (_, tap) =>
      weight.slice(null, null, tap).matmul(x.slice(null, null, [tap, tap + length])),
    );
    expectClose(taps.reduce((a, b) => a.add(b)).add(bias.expandDims(1)), outputs.y);
  });

  it('a recurrent layer, step by step', () => {
    const { inputs, outputs } = golden('recurrent', 'rnn_1layer');
    let h = inputs.h0.row(0);
    const steps: Tensor[] = [];
    for (let t = 0; t < inputs.x.shape[0]; t++) {
      const fromInput = inputs.x.row(t).matmul(inputs.weight_ih_l0.T).add(inputs.bias_ih_l0);
      h = h.matmul(inputs.weight_hh_l0.T).add(inputs.bias_hh_l0).add(fromInput).tanh();
      steps.push(h.expandDims(0));
    }
    expectClose(concat(steps, 0), outputs.y);
    expectClose(h.expandDims(0), outputs.hn);
  });
});

describe('backward, as PyTorch', () => {
  it('linear', () => {
    const { inputs, grads } = golden('basics', 'linear');
    const { x, weight, upstream_y } = inputs;
    expectClose(upstream_y.matmul(weight), grads.x);
    expectClose(upstream_y.T.matmul(x), grads.weight);
    expectClose(upstream_y.sum(0), grads.bias);
  });

  it('softmax', () => {
    const { inputs, outputs, grads } = golden('basics', 'softmax');
    const inner = inputs.upstream_y.mul(outputs.y).sum(-1, { keepDims: true });
    expectClose(outputs.y.mul(inputs.upstream_y.sub(inner)), grads.x);
  });

  it('embedding, as a product with one-hot rows', () => {
    const { inputs, grads } = golden('basics', 'embedding');
    const rows = oneHot(inputs.index.flatten(), inputs.weight.shape[0]);
    expectClose(rows.T.matmul(inputs.upstream_y.reshape(rows.shape[0], -1)), grads.weight);
  });

  it('cross entropy', () => {
    const { inputs, grads } = golden('basics', 'cross_entropy');
    const { logits, target, upstream_loss } = inputs;
    const difference = softmax(logits).sub(oneHot(target, logits.shape[1]));
    expectClose(difference.mul(upstream_loss.div(logits.shape[0])), grads.logits);
  });
});

it('a comparison with PyTorch fails when it should', () => {
  expect(() => expectClose(zeros(2), ones(2))).toThrow('PyTorch has Tensor (2)');
  expect(() => expectClose(zeros(2), tensor([[0, 0]]))).toThrow();
});
