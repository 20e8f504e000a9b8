/**
 * The mistakes in the programs of the notes that this course grew out of, and two places where the notes only follow another
 * convention than the course, as changes of the solutions. Every one must be rejected.
 */
import type { WrongAnswer } from './wrong-answer.ts';

/** A wrong answer whose `find` stands in the solution. */
export interface NotesMistake extends WrongAnswer {
  /** `chapter-2/mlp` */
  topic: string;
  /** Not wrong in itself: the docstring asks for something else. */
  convention?: true;
}

const STEP = `  const gradients = mlpBackward(crossEntropyBackward(cache), forward.cache).layers;
  const step = (parameter: Tensor, gradient: Tensor) => parameter.sub(gradient.mul(learningRate));
  return { loss, layers: layers.map(({ w, b }, l) => ({ w: step(w, gradients[l].dw), b: step(b, gradients[l].db) })) };`;

const STEP_TOO_EARLY = `  const moved: Layer[] = [];
  let dy = crossEntropyBackward(cache);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { hidden, linear } = forward.cache;
    if (l < hidden.length) dy = activateBackward(dy, hidden[l], activation);
    const { dw, db } = linearBackward(dy, linear[l]);
    const w = layers[l].w.sub(dw.mul(learningRate));
    moved.unshift({ w, b: layers[l].b.sub(db.mul(learningRate)) });
    dy = dy.matmul(w);
  }
  return { loss, layers: moved };`;

const STEP_PER_SAMPLE = `  let now = layers;
  for (let i = 0; i < labels.length; i++) {
    const one = mlpForward(x.slice([i, i + 1]), now, activation);
    const dy = crossEntropyBackward(crossEntropyForward(one.y, [labels[i]]).cache);
    const gradients = mlpBackward(dy, one.cache).layers;
    now = now.map(({ w, b }, l) => ({
      w: w.sub(gradients[l].dw.mul(learningRate)),
      b: b.sub(gradients[l].db.mul(learningRate)),
    }));
  }
  return { loss, layers: now };`;

export const NOTES: readonly NotesMistake[] = [
  {
    topic: 'chapter-1/linear-unit',
    exercise: 'meanSquaredError',
    mistake: 'Half of the mean square, as the notes write their loss.',
    convention: true,
    find: '(y - targets[i]) ** 2, 0) / outputs.length;',
    put: '(y - targets[i]) ** 2, 0) / (2 * outputs.length);',
    causes: ['half the mean'],
  },
  {
    topic: 'chapter-1/linear-unit',
    exercise: 'meanSquaredErrorGradient',
    mistake: 'The gradient of half the mean square: the 2 of the derivative has met the ½ of the notes’ loss.',
    convention: true,
    find: '(2 * (linearOutput(x, weights, bias) - targets[i])) / samples.length',
    put: '(linearOutput(x, weights, bias) - targets[i]) / samples.length',
    causes: ['factor 2 missing'],
  },
  {
    topic: 'chapter-2/losses',
    exercise: 'mseForward',
    mistake: 'Half of the mean square, as the notes write their loss.',
    convention: true,
    find: 'loss: error.square().mean().item(), cache: { error }',
    put: 'loss: error.square().mean().item() / 2, cache: { error }',
    causes: ['half the mean'],
  },
  {
    topic: 'chapter-2/losses',
    exercise: 'mseBackward',
    mistake: 'The gradient of half the mean square: the 2 of the derivative has met the ½ of the notes’ loss.',
    convention: true,
    find: 'cache.error.mul(2 / cache.error.size)',
    put: 'cache.error.mul(1 / cache.error.size)',
    causes: ['factor 2 missing'],
  },
  {
    topic: 'chapter-2/mlp',
    exercise: 'mlpTrainStep',
    mistake: 'The biases are part of the network, and no line moves them.',
    find: 'b: step(b, gradients[l].db)',
    put: 'b',
    causes: ['biases never updated'],
  },
  {
    topic: 'chapter-2/mlp',
    exercise: 'mlpTrainStep',
    mistake:
      'Each layer’s weights move as soon as their gradient is known, and the error goes down through the moved ones.',
    find: STEP,
    put: STEP_TOO_EARLY,
    causes: ['weights updated too early'],
  },
  {
    topic: 'chapter-2/mlp',
    exercise: 'mlpTrainStep',
    mistake: 'One step after every sample instead of one for the batch.',
    convention: true,
    find: STEP,
    put: STEP_PER_SAMPLE,
    causes: ['a step per sample'],
  },
  {
    topic: 'chapter-2/regularization',
    exercise: 'batchNormTrain',
    mistake: 'The momentum weighs the old value, 0.9 of it, as in the framework whose parameters the notes list.',
    convention: true,
    find: 'old.mul(1 - momentum).add(seen.mul(momentum))',
    put: 'old.mul(momentum).add(seen.mul(1 - momentum))',
    causes: ['momentum reversed'],
  },
  {
    topic: 'chapter-4/lstm',
    exercise: 'lstmBackward',
    mistake: 'Between time steps dh is carried back, and dc is not.',
    find: '    ({ dh, dc } = back);\n    backs.unshift(back);',
    put: '    dh = back.dh;\n    dc = back.dc.mul(0);\n    backs.unshift(back);',
    causes: ['cell gradient dropped between time steps'],
  },
  {
    topic: 'chapter-4/lstm',
    exercise: 'lstmBackward',
    mistake: 'The gradient of the input weights is taken with the last input of the sequence at every time step.',
    find: 'lstmStepBackward(dy.row(t).add(dh), dc, cache.steps[t])',
    put: 'lstmStepBackward(dy.row(t).add(dh), dc, { ...cache.steps[t], x: cache.steps.at(-1)!.x })',
    causes: ['input weights from the last input only'],
  },
  {
    topic: 'chapter-4/stacked-lstm',
    exercise: 'stackedBackward',
    mistake: 'The gradient between layers is guessed: only the last moment of the sequence goes down.',
    find: '    dx = back.dx;\n    backs.unshift(back);',
    put: `    const last = back.dx.shape[0] - 1;
    dx = l === 0 ? back.dx : stack(Array.from({ length: last + 1 }, (_, t) => back.dx.row(t).mul(t === last ? 1 : 0)));
    backs.unshift(back);`,
    causes: ['lower layers learn from the last step only'],
  },
];
