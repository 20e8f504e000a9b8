import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'xavierUniform',
    mistake: '√6/(in + out): the root only over the 6',
    find: 'Math.sqrt(6) / Math.sqrt(outputs + inputs)',
    put: 'Math.sqrt(6) / (outputs + inputs)',
    causes: ['root over the 6 only'],
  },
  {
    exercise: 'xavierUniform',
    mistake: 'from 0 to a: not centred',
    find: 'u.sub(0.5).mul(2 * bound)',
    put: 'u.mul(bound)',
    causes: ['only positive weights'],
  },
  {
    exercise: 'xavierUniform',
    mistake: 'half as wide: (u − ½)·a',
    find: 'u.sub(0.5).mul(2 * bound)',
    put: 'u.sub(0.5).mul(bound)',
    causes: ['half as wide'],
  },
  {
    exercise: 'xavierUniform',
    mistake: 'the normal’s variance: √(2/(in + out)) as the bound',
    find: 'Math.sqrt(6) / Math.sqrt(outputs + inputs)',
    put: 'Math.sqrt(2) / Math.sqrt(outputs + inputs)',
    causes: ['standard deviation for the bound'],
  },
  {
    exercise: 'xavierUniform',
    mistake: 'only the inputs counted: √(6/in)',
    find: 'Math.sqrt(outputs + inputs)',
    put: 'Math.sqrt(inputs)',
    causes: ['only the inputs counted'],
  },
  {
    exercise: 'xavierUniform',
    mistake: '√(6/(in · out))',
    find: 'Math.sqrt(outputs + inputs)',
    put: 'Math.sqrt(outputs * inputs)',
    causes: ['product of the widths'],
  },
  {
    exercise: 'xavierUniform',
    mistake: 'u not checked',
    find: "throw new RangeError('xavierUniform: u must be in [0, 1)');",
    put: ';',
    causes: [],
  },
  {
    exercise: 'xavierUniform',
    mistake: '√(3/(in + out))',
    find: 'Math.sqrt(6) / Math',
    put: 'Math.sqrt(3) / Math',
    causes: [],
  },
  {
    exercise: 'heNormal',
    mistake: 'the number of outputs in place of the inputs',
    find: 'const fanIn = z.shape[1];',
    put: 'const fanIn = z.shape[0];',
    causes: ['outputs counted'],
  },
  {
    exercise: 'heNormal',
    mistake: '√(1/in): the 2 forgotten',
    find: 'Math.sqrt(fanIn / 2)',
    put: 'Math.sqrt(fanIn)',
    causes: ['the ReLU not made up for'],
  },
  {
    exercise: 'heNormal',
    mistake: 'the root forgotten: z · 2/in',
    find: 'Math.sqrt(fanIn / 2)',
    put: '(fanIn / 2)',
    causes: ['root missing'],
  },
  {
    exercise: 'heNormal',
    mistake: '√(2/(in + out))',
    find: 'const fanIn = z.shape[1];',
    put: 'const fanIn = z.shape[0] + z.shape[1];',
    causes: ['Xavier’s variance'],
  },
  {
    exercise: 'heNormal',
    mistake: 'multiplied by √(in/2)',
    find: 'out[i] /= Math',
    put: 'out[i] *= Math',
    causes: [],
  },
  {
    exercise: 'heNormal',
    mistake: '√(6/in), the uniform bound',
    find: 'Math.sqrt(fanIn / 2)',
    put: 'Math.sqrt(fanIn / 6)',
    causes: ['bound for the standard deviation'],
  },
  {
    exercise: 'mlpForward',
    mistake: 'an activation after the last layer too',
    find: 'if (rest.length === 0) return { y: here.y, cache: { activation, linear: [here.cache], hidden: [] } };',
    put: `if (rest.length === 0) {
    const last = activate(here.y, activation);
    return { y: last.y, cache: { activation, linear: [here.cache], hidden: [last.cache] } };
  }`,
    causes: ['activation after the last layer too'],
  },
  {
    exercise: 'mlpForward',
    mistake: 'no activation anywhere: a linear network',
    find: 'const above = mlpForward(bent.y, rest, activation);',
    put: 'const above = mlpForward(here.y, rest, activation);',
    causes: ['no activation at all'],
  },
  {
    exercise: 'mlpForward',
    mistake: 'always tanh',
    find: 'const bent = activate(here.y, activation);',
    put: "const bent = activate(here.y, 'tanh');",
    causes: ['always tanh'],
  },
  {
    exercise: 'mlpForward',
    mistake: 'the activation only after the first layer',
    find: 'const above = mlpForward(bent.y, rest, activation);',
    put: `const bentAbove = rest.map((layer) => layer);
  let h = bent.y;
  let above = mlpForward(h, bentAbove, activation);
  for (const layer of rest) h = linearForward(h, layer.w, layer.b).y;
  above = { y: h, cache: above.cache };`,
    causes: [],
  },
  {
    exercise: 'mlpForward',
    mistake: 'the layers in the wrong order',
    find: 'const [first, ...rest] = layers;',
    put: `const rest = layers.slice(0, -1);
  const first = layers[layers.length - 1];`,
    causes: [],
  },
  {
    exercise: 'mlpForward',
    mistake: 'biases of hidden layers left out',
    find: 'const here = linearForward(x, first.w, first.b);',
    put: 'const here = linearForward(x, first.w, rest.length > 0 ? first.b.mul(0) : first.b);',
    causes: [],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'the activation’s derivative left out',
    find: 'if (isHidden) gradient = activateBackward(gradient, cache.hidden[l], cache.activation);',
    put: '',
    causes: ['activation left out on the way back'],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'the activation of the layer above: off by one',
    find: 'activateBackward(gradient, cache.hidden[l], cache.activation)',
    put: 'activateBackward(gradient, cache.hidden[Math.max(0, l - 1)], cache.activation)',
    causes: [],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'layers’ gradients in reverse: the last layer first',
    find: 'layers.unshift({ dw, db });',
    put: 'layers.push({ dw, db });',
    causes: ['last layer first'],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'the gradient not handed down: dy for every layer',
    find: 'gradient = dx;',
    put: 'gradient = l === 0 ? dx : dy;',
    causes: [],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'dx not carried through the first layer: the gradient of z_1 returned',
    find: 'gradient = dx;',
    put: 'if (l > 0) gradient = dx;',
    causes: ['one step short of x'],
  },
  {
    exercise: 'mlpBackward',
    mistake: 'only the last hidden layer goes through its activation',
    find: 'const isHidden = l < cache.hidden.length;',
    put: 'const isHidden = l === cache.hidden.length - 1;',
    causes: [],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'steps uphill',
    find: 'value - learningRate * g.data[i]',
    put: 'value + learningRate * g.data[i]',
    causes: ['uphill'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the biases are never moved',
    find: 'b: step(b, gradients[l].db)',
    put: 'b',
    causes: ['biases never updated'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the weights are never moved',
    find: 'w: step(w, gradients[l].dw)',
    put: 'w',
    causes: ['weights never updated'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'only the last layer learns',
    find: 'after.push({ w: step(w, gradients[l].dw), b: step(b, gradients[l].db) });',
    put: 'after.push(l === layers.length - 1 ? { w: step(w, gradients[l].dw), b: step(b, gradients[l].db) } : { w, b });',
    causes: ['only the last layer learns'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the learning rate forgotten',
    find: 'value - learningRate * g.data[i]',
    put: 'value - g.data[i]',
    causes: ['learning rate left out'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the step divided by the batch once more',
    find: 'value - learningRate * g.data[i]',
    put: 'value - (learningRate * g.data[i]) / labels.length',
    causes: ['divided by N once more'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the loss after the step',
    find: 'return { loss: criterion.loss, layers: after };',
    put: 'return { loss: crossEntropyForward(mlpForward(x, after, activation).y, labels).loss, layers: after };',
    causes: ['loss after the step'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'the layers that came in are changed',
    find: 'theta.map((value, i) => value - learningRate * g.data[i])',
    put: `{
    g.data.forEach((slope, i) => (theta.data[i] -= learningRate * slope));
    return theta;
  }`,
    causes: [],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'one step for every sample instead of one for the batch',
    find: 'const forward = mlpForward(x, layers, activation);',
    put: `if (x.shape[0] > 1) {
    let now = layers;
    let total = 0;
    for (let i = 0; i < x.shape[0]; i++) {
      const one = mlpTrainStep(x.slice([i, i + 1]), [labels[i]], now, activation, learningRate);
      now = one.layers;
      total += one.loss;
    }
    return { loss: total / labels.length, layers: now };
  }
  const forward = mlpForward(x, layers, activation);`,
    causes: ['a step per sample'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'each layer moves before the one below has had its gradient',
    find: 'const gradients = mlpBackward(crossEntropyBackward(criterion.cache), forward.cache).layers;',
    put: `const gradients: LayerGradient[] = [];
  let down = crossEntropyBackward(criterion.cache);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { hidden, linear } = forward.cache;
    if (l < hidden.length) down = activateBackward(down, hidden[l], activation);
    const { dw, db } = linearBackward(down, linear[l]);
    gradients.unshift({ dw, db });
    down = linearBackward(down, { x: linear[l].x, w: linear[l].w.sub(dw.mul(learningRate)) }).dx;
  }`,
    causes: ['weights updated too early'],
  },
  {
    exercise: 'mlpTrainStep',
    mistake: 'a learning rate of 0 let through',
    find: 'if (!(learningRate > 0)) throw',
    put: 'if (!(learningRate >= 0)) throw',
    causes: [],
  },
];
