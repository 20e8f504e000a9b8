import { zerosLike } from '#tensor';
import type { Tensor } from '#tensor';
import type { ValueRecord } from '../../grader/engine/index.ts';
import type { Golden } from './golden.ts';

/**
 * PyTorch's optimizers, twelve steps each with given gradients. Only the parameters of PyTorch's trajectory are recorded:
 * the state goes from each call's result into the next, so that a wrong state shows in the steps after it.
 */
function trajectory(
  exercise: string,
  name: string,
  settings: ValueRecord,
  state?: (zero: Tensor[]) => ValueRecord,
  blind: Record<string, string> = {},
): Golden {
  return {
    exercise: `chapter-2/optimizers/${exercise}`,
    file: 'optimizers',
    name,
    inputs: ({ inputs: { start, grads } }) => ({
      parameters: [start!],
      gradients: [grads!.row(0)],
      ...(state && { state: state([zerosLike(start!)]) }),
      settings,
    }),
    next: ({ inputs: { grads } }, step, inputs, result) => {
      if (step === grads!.shape[0]) return undefined;
      const fed = state ? (result as ValueRecord) : { parameters: result };
      return { ...inputs, ...fed, gradients: [grads!.row(step)] };
    },
    expected: ({ outputs }) => {
      const rows = Array.from({ length: outputs.trajectory!.shape[0]! }, (_, k) => [outputs.trajectory!.row(k)]);
      return state ? rows.map((parameters) => ({ parameters })) : rows;
    },
    blind,
  };
}

const velocity = (zero: Tensor[]) => ({ velocity: zero });
const sum = (zero: Tensor[]) => ({ sum: zero });
const meanSquare = (zero: Tensor[]) => ({ meanSquare: zero });
const moments = (zero: Tensor[]) => ({ step: 0, m: zero, v: zero });
const betas = { learningRate: 0.01, beta1: 0.9, beta2: 0.999 };

const noDecay = 'it has no weight decay; sgd_decay sees it';
const tinyEpsilon = 'its epsilon is too small to be seen; the one with large epsilon sees it';
const sameRate = 'with a constant rate and from zero velocity the parameters are the same; only the state differs';

export const goldens: Golden[] = [
  trajectory('sgdStep', 'sgd', { learningRate: 0.1 }, undefined, {
    'decay forgotten': noDecay,
    'decay after the step': noDecay,
    'decay without the rate': noDecay,
    'decay with the wrong sign': noDecay,
    'decay toward the gradient': noDecay,
    'factor 2 in the decay': noDecay,
    'decay without the weight': noDecay,
  }),
  trajectory('sgdStep', 'sgd_decay', { learningRate: 0.1, weightDecay: 0.01 }),
  trajectory('momentumStep', 'momentum', { learningRate: 0.1, momentum: 0.9 }, velocity, {
    'rate inside the velocity': sameRate,
    'velocity with a minus': sameRate,
  }),
  trajectory('nesterovStep', 'nesterov', { learningRate: 0.1, momentum: 0.9 }, velocity),
  trajectory('adagradStep', 'adagrad', { learningRate: 0.1, epsilon: 1e-10 }, sum, {
    'epsilon inside the root': tinyEpsilon,
    'without ε': tinyEpsilon,
  }),
  trajectory('adagradStep', 'adagrad_large_eps', { learningRate: 0.1, epsilon: 1e-2 }, sum),
  trajectory('rmspropStep', 'rmsprop', { learningRate: 0.01, decay: 0.9, epsilon: 1e-8 }, meanSquare),
  trajectory('rmspropStep', 'rmsprop_large_eps', { learningRate: 0.01, decay: 0.9, epsilon: 1e-2 }, meanSquare),
  trajectory('adamStep', 'adam', { ...betas, epsilon: 1e-8 }, moments, { 'epsilon inside the root': tinyEpsilon }),
  trajectory('adamStep', 'adam_large_eps', { ...betas, epsilon: 1e-2 }, moments),
  trajectory('adamwStep', 'adamw', { ...betas, epsilon: 1e-8, weightDecay: 0.1 }, moments),
  {
    exercise: 'chapter-2/optimizers/clipByNorm',
    file: 'optimizers',
    name: 'clip_grad_norm',
    inputs: ({ inputs }) => ({ gradients: [inputs.g0!, inputs.g1!], maxNorm: 1 }),
    expected: ({ outputs }) => ({ gradients: [outputs.g0!, outputs.g1!], norm: outputs.norm!.item() }),
    blind: { 'short ones stretched': 'its gradients are longer than the limit' },
  },
];
