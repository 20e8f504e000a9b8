import type { Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

const PREFIX = 'chapter-7/';
type Form = 'raw' | 'renormalised';
type Case = readonly [k: number, form: Form];
const nameOf = ([k, form]: Case) => `moe_top${k}_${form}`;

const logits = ({ inputs }: GoldenCase) => inputs.x!.matmul(inputs.router!.T);
const rows = (x: Tensor): number[][] => Array.from({ length: x.shape[0]! }, (_, t) => Array.from(x.row(t).data));
const chosen = ({ inputs }: GoldenCase) => rows(inputs.chosen_experts!);
/** PyTorch keeps the experts' weights on top of each other. */
const expertsOf = ({ w1, b1, w2, b2 }: Record<string, Tensor>) =>
  Array.from({ length: w1!.shape[0]! }, (_, e) => ({
    w1: w1!.row(e),
    b1: b1!.row(e),
    w2: w2!.row(e),
    b2: b2!.row(e),
  }));
/** Everybody finds room. */
const piles = (g: GoldenCase) =>
  g.inputs
    .router!.shape.slice(0, 1)
    .flatMap((E) =>
      Array.from({ length: E }, (_, e) =>
        chosen(g)[0]!.flatMap((_slot, slot) =>
          chosen(g).flatMap((row, token) => (row[slot] === e ? [{ token, slot }] : [])),
        ),
      ),
    );
/** Two sequences of three tokens, and room for all of them with any one expert. */
const batch = (x: Tensor) => x.reshape(2, 3, 3);
const layer =
  ([k, form]: Case) =>
  (g: GoldenCase) => ({
    x: batch(g.inputs.x!),
    weights: { wGate: g.inputs.router!, experts: expertsOf(g.inputs) },
    settings: { k, form, capacityFactor: 5 / k },
  });

const when = (yes: boolean, reason: string, ...names: string[]) =>
  yes ? Object.fromEntries(names.map((name) => [name, reason])) : {};
const roomy = 'Nothing is dropped in it.';
const one = 'Each token has one expert in it.';
const all = 'Each token has all experts in it.';
const apart = 'Its logits are all different.';
const otherForm = 'It has the other form only.';
const silent = 'It holds no probabilities beside the gates.';
const few = 'None of its experts gets more than three tokens.';
const normal = 'Its gates sum to 1 already.';

const choice = (c: Case): Golden => ({
  exercise: `${PREFIX}router/chooseExperts`,
  file: 'mixture',
  name: nameOf(c),
  inputs: (g) => ({ logits: logits(g), k: c[0] }),
  expected: chosen,
  blind: {
    ...when(true, apart, 'the later of equal ones', 'all equal ones chosen', 'the places sorted as words'),
    ...when(true, apart, 'looked up by the logit'),
    ...when(true, 'Its logits are small.', 'by the probabilities'),
    ...when(c[0] === 1, one, 'struck out with 0', 'the best, sorted as words'),
    ...when(c[0] === 1, one, 'the best, by index', 'the best, worst of them first', 'the best one, k times'),
    ...when(c[0] === 1, 'As words its largest logits are the largest too.', 'numbers sorted as words'),
    ...when(c[0] === 1, 'As words its largest logits are the largest too.', 'words, looked up by the logit'),
    ...when(c[0] === 5, all, 'one more', 'all of them'),
  },
});
const gates = (c: Case): Golden => ({
  exercise: `${PREFIX}router/gateForward`,
  file: 'mixture',
  name: nameOf(c),
  inputs: (g) => ({ logits: logits(g), chosen: chosen(g), form: c[1] }),
  expected: ({ outputs }) => ({ gates: outputs.gates! }),
  blind: {
    ...when(true, silent, 'probabilities of the chosen only', 'probabilities renormalised too'),
    ...when(
      c[1] === 'raw',
      otherForm,
      'raw for both',
      'softmax of the probabilities',
      'divided by k',
      'an equal share each',
      'divided by the largest',
      'divided by the sum of all tokens',
    ),
    ...when(c[1] === 'renormalised', otherForm, 'renormalised for both'),
    ...when(c[1] === 'renormalised', otherForm, 'raw logits'),
    ...when(c[0] === 1, one, 'by expert’s number'),
    ...when(c[0] === 5, all, 'raw for both', 'forms exchanged'),
  },
});
const words = (c: Case): Golden => ({
  exercise: `${PREFIX}experts/expertsForward`,
  file: 'mixture',
  name: nameOf(c),
  inputs: (g) => ({ x: g.inputs.x!, gates: g.outputs.gates!, piles: piles(g), experts: expertsOf(g.inputs) }),
  expected: ({ outputs }) => ({ y: outputs.y! }),
  blind: {
    ...when(true, roomy, 'rescaled for what was dropped', 'tokens that nobody took pass through'),
    ...when(c[0] === 1, one, 'the last expert overwrites', 'the first gate for all', 'the mean of the words'),
    ...when(c[1] === 'renormalised', normal, 'divided by the sum of the gates', 'rescaled to 1 for what was dropped'),
  },
});
const balance = (c: Case): Golden => ({
  exercise: `${PREFIX}balance/balanceLossForward`,
  file: 'mixture',
  name: nameOf(c),
  inputs: (g) => ({ logits: logits(g), chosen: chosen(g) }),
  expected: ({ outputs }) => ({ loss: outputs.load_balance!.item() }),
  blind: {
    ...when(c[0] === 1, one, 'shares of the tokens', 'first choices only'),
    ...when(
      c[0] === 5,
      all,
      'the probabilities of the chosen only',
      'P from the renormalised gates',
      'counts only',
      'token by token',
      'softmax twice',
      'softmax of the mean logits',
    ),
  },
});
const forward = (c: Case): Golden => ({
  exercise: `${PREFIX}moe-block/moeLayerForward`,
  file: 'mixture',
  name: nameOf(c),
  inputs: layer(c),
  expected: ({ outputs }) => ({
    y: batch(outputs.y!),
    balance: outputs.load_balance!.item(),
    z: outputs.z_loss!.item(),
  }),
  blind: {
    ...when(true, roomy, 'nothing dropped', 'f after the drop', 'f after the drop, as a share of all'),
    ...when(true, roomy, 'k and E exchanged in the capacity'),
    ...when(c[1] === 'raw', few, 'capacity of one sequence'),
    ...when(c[1] === 'raw', few, 'the factor as the capacity'),
    ...when(c[0] === 2 && c[1] === 'raw', few, 'capacity without k', 'factor left out'),
    ...when(c[0] === 5, 'Its factor is 1.', 'factor left out'),
    ...when(c[0] === 1, one, 'always one expert', 'capacity without k'),
    ...when(c[0] === 1, one, 'one chosen, with room for k', 'first choices only in the balance'),
    ...when(c[0] === 5, all, 'always all experts', 'always raw', 'balance of the probabilities'),
    ...when(c[1] === 'raw', otherForm, 'always raw'),
    ...when(c[1] === 'renormalised', otherForm, 'always renormalised'),
  },
});
const backward = (c: Case): Golden => ({
  exercise: `${PREFIX}moe-block/moeLayerBackward`,
  file: 'mixture',
  name: nameOf(c),
  inputs: (g) => ({
    dy: batch(g.inputs.upstream_y!),
    dbalance: g.inputs.upstream_load_balance!.item(),
    dz: g.inputs.upstream_z_loss!.item(),
    ...layer(c)(g),
  }),
  expected: ({ grads }) => ({ dx: batch(grads.x!), weights: { wGate: grads.router!, experts: expertsOf(grads) } }),
  blind: {
    ...when(c[0] === 1 && c[1] === 'renormalised', 'Its gates are always 1.', 'the gates as constants'),
    ...when(c[0] === 5, 'All shares are alike, so the balance loss is always 1.', 'the balance loss forgotten'),
  },
});

const cases: Case[] = [
  [1, 'raw'],
  [1, 'renormalised'],
  [2, 'raw'],
  [2, 'renormalised'],
  [5, 'renormalised'],
];

/** PyTorch's mixtures of experts: gates, outputs, both losses, and the gradients of their weighted sum. */
export const goldens: Golden[] = [
  choice([1, 'raw']),
  choice([2, 'raw']),
  choice([5, 'renormalised']),
  gates([1, 'raw']),
  gates([2, 'raw']),
  gates([2, 'renormalised']),
  gates([5, 'renormalised']),
  words([1, 'raw']),
  words([2, 'raw']),
  words([2, 'renormalised']),
  words([5, 'renormalised']),
  balance([1, 'raw']),
  balance([2, 'raw']),
  balance([5, 'renormalised']),
  {
    exercise: `${PREFIX}balance/zLossForward`,
    file: 'mixture',
    name: 'moe_top2_raw',
    inputs: (g) => ({ logits: logits(g) }),
    expected: ({ outputs }) => ({ loss: outputs.z_loss!.item() }),
    blind: when(true, 'Its logits are small.', 'overflow', 'one largest for all tokens'),
  },
  forward([1, 'raw']),
  forward([2, 'raw']),
  forward([2, 'renormalised']),
  forward([5, 'renormalised']),
  ...cases.map(backward),
];
