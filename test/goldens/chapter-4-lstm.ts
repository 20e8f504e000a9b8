import type { Tensor } from '#tensor';
import type { Golden, GoldenCase } from './golden.ts';

type Arrays = Record<string, Tensor>;

/** PyTorch's parameters of one layer under our names. */
const layer = (from: Arrays, l: number) => ({
  wIh: from[`weight_ih_l${l}`]!,
  wHh: from[`weight_hh_l${l}`]!,
  bIh: from[`bias_ih_l${l}`]!,
  bHh: from[`bias_hh_l${l}`]!,
  ...(from[`weight_hr_l${l}`] && { wHr: from[`weight_hr_l${l}`]! }),
});
const each = <T>(L: number, f: (l: number) => T) => Array.from({ length: L }, (_, l) => f(l));
/** PyTorch stacks the layers' states along the first axis. */
const states = (h: Tensor, c: Tensor) => each(h.shape[0]!, (l) => ({ h: h.row(l), c: c.row(l) }));

const sequence = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  h0: inputs.h0!.row(0),
  ...(inputs.c0 && { c0: inputs.c0.row(0) }),
  weights: layer(inputs, 0),
});
const stack = ({ inputs }: GoldenCase) => ({
  x: inputs.x!,
  states: states(inputs.h0!, inputs.c0!),
  layers: each(inputs.h0!.shape[0]!, (l) => layer(inputs, l)),
});
const single = (g: GoldenCase) => {
  const { x, states: s, layers } = stack(g);
  return { x, state: s[0]!, layer: layers[0]! };
};

const oneLayer = 'One layer: there is no layer below it or above it.';
const unprojected = 'There is no projection in it.';
const when = (yes: boolean, reason: string, ...names: string[]) =>
  yes ? Object.fromEntries(names.map((name) => [name, reason])) : {};

function stacked(L: number, P: number): Golden[] {
  const name = `lstm_${L}layer_proj${P}`;
  return [
    {
      exercise: 'chapter-4/stacked-lstm/stackedForward',
      file: 'recurrent',
      name,
      inputs: stack,
      expected: ({ outputs }) => ({ y: outputs.y!, states: states(outputs.hn!, outputs.cn!) }),
      blind: when(
        L === 1,
        oneLayer,
        'layers share the first state',
        'every layer reads x',
        'only the last output goes up',
        'outputs of the lowest layer',
        'state of the top layer only',
        'states from the top down',
        'states handed from layer to layer',
      ),
    },
    {
      exercise: 'chapter-4/stacked-lstm/stackedBackward',
      file: 'recurrent',
      name,
      inputs: (g) => ({
        dy: g.inputs.upstream_y!,
        dstates: states(g.inputs.upstream_hn!, g.inputs.upstream_cn!),
        ...stack(g),
      }),
      expected: ({ grads }) => ({
        dx: grads.x!,
        dstates: states(grads.h0!, grads.c0!),
        layers: each(L, (l) => layer(grads, l)),
      }),
      blind: when(
        L === 1,
        oneLayer,
        'lower layers learn from the last step only',
        'hidden gradient handed down',
        'first state’s gradient handed down',
        'upstream gradient given to every layer',
        'final states’ gradients of the lower layers forgotten',
        'state gradient carried from layer to layer',
        'top layer listed first',
        'states’ gradients from the top down',
        'parameters’ gradients from the top down',
        'one final gradient for all layers',
        'final gradients in reverse',
        'dx of the top layer',
        'layers walked upwards',
      ),
    },
  ];
}

function layers(P: number): Golden[] {
  const name = `lstm_1layer_proj${P}`;
  return [
    {
      exercise: 'chapter-4/stacked-lstm/layerForward',
      file: 'recurrent',
      name,
      inputs: single,
      expected: ({ outputs }) => ({ y: outputs.y!, state: states(outputs.hn!, outputs.cn!)[0]! }),
      blind: when(
        P === 0,
        unprojected,
        'recurrence on the unprojected state',
        'outputs not projected',
        'final state not projected',
        'cell projected instead of the hidden state',
        'cell state lost beside the projection',
        'projected before the output gate',
        'projection squashed',
        'projection left out',
      ),
    },
    {
      exercise: 'chapter-4/stacked-lstm/layerBackward',
      file: 'recurrent',
      name,
      inputs: (g) => ({
        dy: g.inputs.upstream_y!,
        dstate: states(g.inputs.upstream_hn!, g.inputs.upstream_cn!)[0]!,
        ...single(g),
      }),
      expected: ({ grads }) => ({ dx: grads.x!, dstate: states(grads.h0!, grads.c0!)[0]!, layer: layer(grads, 0) }),
      blind: when(
        P === 0,
        unprojected,
        'projection’s gradient with the cell',
        'projection’s gradient without the output gate',
        'projection’s gradient from the last step only',
        'carried gradient past the projection',
        'projection’s gradient overwritten',
        'projection’s gradient from the outputs alone',
        'projection left out on the way back',
      ),
    },
  ];
}

/** PyTorch's LSTM of 1, 2 and 5 layers, with and without projection, and its GRU; each with all its gradients. */
export const goldens: Golden[] = [
  {
    exercise: 'chapter-4/lstm/lstmForward',
    file: 'recurrent',
    name: 'lstm_1layer_proj0',
    inputs: sequence,
    expected: ({ outputs }) => ({ y: outputs.y!, hn: outputs.hn!.row(0), cn: outputs.cn!.row(0) }),
  },
  {
    exercise: 'chapter-4/lstm/lstmBackward',
    file: 'recurrent',
    name: 'lstm_1layer_proj0',
    inputs: (g) => ({
      dy: g.inputs.upstream_y!,
      dhn: g.inputs.upstream_hn!.row(0),
      dcn: g.inputs.upstream_cn!.row(0),
      ...sequence(g),
    }),
    expected: ({ grads }) => ({
      dx: grads.x!,
      dh0: grads.h0!.row(0),
      dc0: grads.c0!.row(0),
      weights: layer(grads, 0),
    }),
  },
  ...layers(0),
  ...layers(3),
  ...stacked(1, 0),
  ...stacked(2, 0),
  ...stacked(5, 0),
  ...stacked(1, 3),
  ...stacked(2, 3),
  {
    exercise: 'chapter-4/gru/gruForward',
    file: 'recurrent',
    name: 'gru_1layer',
    inputs: sequence,
    expected: ({ outputs }) => ({ y: outputs.y!, hn: outputs.hn!.row(0) }),
  },
  {
    exercise: 'chapter-4/gru/gruBackward',
    file: 'recurrent',
    name: 'gru_1layer',
    inputs: (g) => ({ dy: g.inputs.upstream_y!, dhn: g.inputs.upstream_hn!.row(0), ...sequence(g) }),
    expected: ({ grads }) => ({ dx: grads.x!, dh0: grads.h0!.row(0), weights: layer(grads, 0) }),
  },
];
