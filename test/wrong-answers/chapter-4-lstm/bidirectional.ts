import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'reverseWithin',
    mistake: 'The time axis is reversed, padding and all.',
    find: 'const source = t < lengths[b] ? lengths[b] - t - 1 : t;',
    put: 'const source = T - 1 - t;',
    causes: ['padding reversed too'],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'One too far: the sequence starts with its first number of padding.',
    find: 'const source = t < lengths[b] ? lengths[b] - t - 1 : t;',
    put: 'const source = t < lengths[b] ? Math.min(lengths[b] - t, T - 1) : t;',
    causes: ['one place too far'],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'The padding is turned around, too.',
    find: 'const source = t < lengths[b] ? lengths[b] - t - 1 : t;',
    put: 'const source = t < lengths[b] ? lengths[b] - t - 1 : T - 1 - (t - lengths[b]);',
    causes: ['padding turned around by itself'],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'The padding is filled with zeros.',
    find: '.reshape(T, B, D);',
    put: '.reshape(T, B, D).mul(stack(masksFor(T, lengths)));',
    causes: ['padding dropped'],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'The lengths are not checked.',
    find: "needLengths('reverseWithin', x, lengths);",
    put: '',
    causes: [],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'Batch and time are confused in the flat index.',
    find: 'from.push(source * B + b);',
    put: 'from.push(b * T + source);',
    causes: [],
  },
  {
    exercise: 'reverseWithin',
    mistake: 'Every sequence is turned around within the longest length.',
    find: '      const source = t < lengths[b] ? lengths[b] - t - 1 : t;',
    put: `      const longest = Math.max(...lengths);
      const source = t < longest ? longest - t - 1 : t;`,
    causes: ['all by the longest length'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'In the padding both states are multiplied by zero.',
    find: `    hn = shown.add(hn.mul(ended));
    cn = step.c.mul(mask).add(cn.mul(ended));`,
    put: `    hn = shown;
    cn = step.c.mul(mask);`,
    causes: ['states set to zero in the padding'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The hidden state is lost in the padding, the cell is kept.',
    find: 'hn = shown.add(hn.mul(ended));',
    put: 'hn = shown;',
    causes: ['states set to zero in the padding', 'hn read from the last output'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The hidden state stands still and the cell runs on.',
    find: 'cn = step.c.mul(mask).add(cn.mul(ended));',
    put: 'cn = step.c;',
    causes: ['only the hidden state stands still'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'Both states run on through the padding; only the outputs are cut.',
    find: `    hn = shown.add(hn.mul(ended));
    cn = step.c.mul(mask).add(cn.mul(ended));`,
    put: `    hn = step.h;
    cn = step.c;`,
    causes: ['states run on through the padding'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The outputs are not cut off in the padding.',
    find: 'outputs.push(shown);',
    put: 'outputs.push(step.h);',
    causes: ['outputs in the padding'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'In the padding the kept state is given out instead of 0.',
    find: `    outputs.push(shown);
    hn = shown.add(hn.mul(ended));`,
    put: `    hn = shown.add(hn.mul(ended));
    outputs.push(hn);`,
    causes: ['the kept state shown in the padding'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The mask ends one step too late.',
    find: 'const masks = masksFor(T, lengths);',
    put: 'const masks = masksFor(T, lengths.map((n) => n + 1));',
    causes: ['one step too far'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The mask ends one step too early.',
    find: 'const masks = masksFor(T, lengths);',
    put: 'const masks = masksFor(T, lengths.map((n) => n - 1));',
    causes: ['one step too few'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The mask is used the wrong way round for the states.',
    find: `    hn = shown.add(hn.mul(ended));
    cn = step.c.mul(mask).add(cn.mul(ended));`,
    put: `    hn = step.h.mul(ended).add(hn.mul(mask));
    cn = step.c.mul(ended).add(cn.mul(mask));`,
    causes: ['mask the wrong way round', 'states chosen the wrong way round'],
  },
  {
    exercise: 'maskedForward',
    mistake: 'The lengths are not checked.',
    find: "needLengths('maskedForward', x, lengths);",
    put: '',
    causes: [],
  },
  {
    exercise: 'maskedBackward',
    mistake: 'In the padding the gradients are lost: they are multiplied by the mask and carried on.',
    find: `      if (mask[b] === 0) continue;
      dh.set(back.dh.data.slice(b * H, (b + 1) * H), b * H);`,
    put: '      dh.set(back.dh.data.slice(b * H, (b + 1) * H), b * H);',
    causes: ['gradients lost in the padding'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "The outputs' gradients of the padding are let in.",
    find: `      if (mask[b] === 0) continue;
      for (let u = b * H; u < (b + 1) * H; u++) {`,
    put: '      for (let u = b * H; u < (b + 1) * H; u++) {',
    causes: ['padding sent through the step'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "The cell's gradient enters the cell in the padding as well.",
    find: `      if (mask[b] === 0) continue;
      for (let u = b * H; u < (b + 1) * H; u++) {
        intoH.data[u] = dy.data[t * B * H + u] + dh[u];
        intoC.data[u] = dc[u];
      }`,
    put: `      for (let u = b * H; u < (b + 1) * H; u++) {
        intoH.data[u] = mask[b] * (dy.data[t * B * H + u] + dh[u]);
        intoC.data[u] = dc[u];
      }`,
    causes: ['cell gradient of the padding sent through the step'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "The hidden state's gradient waits in the padding, the cell's is lost there.",
    find: `      if (mask[b] === 0) continue;
      dh.set(back.dh.data.slice(b * H, (b + 1) * H), b * H);
      dc.set(back.dc.data.slice(b * H, (b + 1) * H), b * H);`,
    put: `      dc.set(back.dc.data.slice(b * H, (b + 1) * H), b * H);
      if (mask[b] === 0) continue;
      dh.set(back.dh.data.slice(b * H, (b + 1) * H), b * H);`,
    causes: ['the cell’s gradient lost in the padding'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "The cell's gradient is not handed back.",
    find: 'dc.set(back.dc.data.slice(b * H, (b + 1) * H), b * H);',
    put: 'dc.fill(0, b * H, (b + 1) * H);',
    causes: ['cell gradient dropped between time steps'],
  },
  {
    exercise: 'maskedBackward',
    mistake: 'dhn is ignored.',
    find: 'const dh = dhn.data.slice();',
    put: 'const dh = new Float64Array(B * H);',
    causes: ['gradient of hn forgotten'],
  },
  {
    exercise: 'maskedBackward',
    mistake: 'dcn is ignored.',
    find: 'const dc = dcn.data.slice();',
    put: 'const dc = new Float64Array(B * H);',
    causes: ['gradient of cn forgotten'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "The weights' gradients are overwritten at each step.",
    find: 'weights = weights === null ? back.weights : plus(weights, back.weights);',
    put: 'weights = back.weights;',
    causes: ['shares overwritten'],
  },
  {
    exercise: 'maskedBackward',
    mistake: "In the padding the output's gradient is added to what waits.",
    find: `        intoC.data[u] = dc[u];
      }
    }`,
    put: `        intoC.data[u] = dc[u];
      }
    }
    for (let u = 0; u < B * H; u++) if (mask[Math.floor(u / H)] === 0) dh[u] += dy.data[t * B * H + u];`,
    causes: ['outputs in the padding counted'],
  },
  {
    exercise: 'maskedBackward',
    mistake: 'dx stands in reverse order.',
    find: 'dx.data.set(back.dx.data, t * B * D);',
    put: 'dx.data.set(back.dx.data, (T - 1 - t) * B * D);',
    causes: ['dx in the order of computation'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The backward outputs are joined in the order in which they were made.',
    find: 'const same = t < lengths[b] ? lengths[b] - 1 - t : t;',
    put: 'const same = t;',
    causes: ['outputs not turned back'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The input is turned around padding and all.',
    find: 'maskedForward(reverseWithin(x, lengths), lengths, backwardWeights);',
    put: 'maskedForward(reverseWithin(x, lengths.map(() => x.shape[0])), lengths, backwardWeights);',
    causes: ['padding read first', 'padding reversed too', 'padding read first, turned back within the lengths'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The backward outputs are turned back padding and all.',
    find: 'const same = t < lengths[b] ? lengths[b] - 1 - t : t;',
    put: 'const same = T - 1 - t;',
    causes: ['outputs turned back with their padding'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The second LSTM reads the sequence forward, too.',
    find: 'maskedForward(reverseWithin(x, lengths), lengths, backwardWeights);',
    put: 'maskedForward(x, lengths, backwardWeights);',
    causes: ['read forwards, then turned'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: "The backward direction's final state is read where its outputs stand at t = T − 1.",
    find: 'hn: stack([there.hn, back.hn]),',
    put: 'hn: stack([there.hn, reverseWithin(back.y, lengths).row(T - 1)]),',
    causes: ['last backward state read at t = T − 1'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: "The backward direction's final state is read where each sequence has its last input.",
    find: 'hn: stack([there.hn, back.hn]),',
    put: 'hn: stack([there.hn, back.y.row(0)]),',
    causes: ['last backward state read at the sequence’s end'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'Both directions share the first weights.',
    find: 'maskedForward(reverseWithin(x, lengths), lengths, backwardWeights);',
    put: 'maskedForward(reverseWithin(x, lengths), lengths, forwardWeights);',
    causes: ['one set of weights for both'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The backward half stands first.',
    find: `        y.data[(t * B + b) * 2 * H + u] = there.y.at(t, b, u);
        y.data[(t * B + b) * 2 * H + H + u] = back.y.at(same, b, u);`,
    put: `        y.data[(t * B + b) * 2 * H + u] = back.y.at(same, b, u);
        y.data[(t * B + b) * 2 * H + H + u] = there.y.at(t, b, u);`,
    causes: ['halves of y exchanged'],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: 'The two halves are interleaved.',
    find: `        y.data[(t * B + b) * 2 * H + u] = there.y.at(t, b, u);
        y.data[(t * B + b) * 2 * H + H + u] = back.y.at(same, b, u);`,
    put: `        y.data[(t * B + b) * 2 * H + 2 * u] = there.y.at(t, b, u);
        y.data[(t * B + b) * 2 * H + 2 * u + 1] = back.y.at(same, b, u);`,
    causes: [],
  },
  {
    exercise: 'bidirectionalForward',
    mistake: "The final states are stacked along the batch's place.",
    find: `    hn: stack([there.hn, back.hn]),
    cn: stack([there.cn, back.cn]),`,
    put: `    hn: stack([there.hn, back.hn], 1),
    cn: stack([there.cn, back.cn], 1),`,
    causes: ['final states with the batch first'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: 'One gradient of x overwrites the other.',
    find: 'dx: turn(back.dx).add(there.dx),',
    put: 'dx: turn(back.dx),',
    causes: ['dx overwritten by the backward direction'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: "Only the forward direction's gradient of x is kept.",
    find: 'dx: turn(back.dx).add(there.dx),',
    put: 'dx: there.dx,',
    causes: ['only the forward direction reaches x'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: "The backward direction's dx is not turned back.",
    find: 'dx: turn(back.dx).add(there.dx),',
    put: 'dx: back.dx.add(there.dx),',
    causes: ['dx of the backward direction not turned back'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: 'The backward half of dy is not turned around.',
    find: 'maskedBackward(turn(dy).slice(null, null, [H, 2 * H]),',
    put: 'maskedBackward(dy.slice(null, null, [H, 2 * H]),',
    causes: ['upstream gradient not turned around'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: 'The halves of dy are exchanged.',
    find: `  const there = maskedBackward(dy.slice(null, null, [0, H]), dhn.row(0), dcn.row(0), forward);
  const back = maskedBackward(turn(dy).slice(null, null, [H, 2 * H]), dhn.row(1), dcn.row(1), backward);`,
    put: `  const there = maskedBackward(dy.slice(null, null, [H, 2 * H]), dhn.row(0), dcn.row(0), forward);
  const back = maskedBackward(turn(dy).slice(null, null, [0, H]), dhn.row(1), dcn.row(1), backward);`,
    causes: ['halves of dy exchanged'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: "Both directions get the first row of the final states' gradients.",
    find: 'dhn.row(1), dcn.row(1), backward);',
    put: 'dhn.row(0), dcn.row(0), backward);',
    causes: ['one row of final gradients for both'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: 'dy and dx are turned around padding and all.',
    find: '  const turn = (s: Tensor) => reverseWithin(s, lengths);',
    put: '  const turn = (s: Tensor) => reverseWithin(s, lengths.map(() => s.shape[0]));',
    causes: ['padding reversed too'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: "The two directions' weight gradients are exchanged.",
    find: `    forwardWeights: there.weights,
    backwardWeights: back.weights,`,
    put: `    forwardWeights: back.weights,
    backwardWeights: there.weights,`,
    causes: ['weights’ gradients exchanged'],
  },
  {
    exercise: 'bidirectionalBackward',
    mistake: 'The gradient of x is the mean of both directions.',
    find: 'dx: turn(back.dx).add(there.dx),',
    put: 'dx: turn(back.dx).add(there.dx).div(2),',
    causes: [],
  },
];
