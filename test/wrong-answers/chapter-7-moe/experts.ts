import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'expertCapacity',
    mistake: 'Rounded down.',
    find: 'Math.ceil(even * factor)',
    put: 'Math.floor(even * factor)',
    causes: ['rounded down'],
  },
  {
    exercise: 'expertCapacity',
    mistake: 'k is left out.',
    find: 'const even = (k * tokens) / experts;',
    put: 'const even = tokens / experts + 0 * k;',
    causes: ['k left out'],
  },
  {
    exercise: 'expertCapacity',
    mistake: 'Rounded to the nearest.',
    find: 'Math.ceil(even * factor)',
    put: 'Math.round(even * factor)',
    causes: ['rounded to the nearest'],
  },
  {
    exercise: 'expertCapacity',
    mistake: 'The even load is rounded up before the factor.',
    find: 'Math.ceil(even * factor)',
    put: 'Math.ceil(Math.ceil(even) * factor)',
    causes: ['factor after rounding'],
  },
  {
    exercise: 'expertCapacity',
    mistake: 'Divided by k.',
    find: '(k * tokens) / experts',
    put: 'tokens / (k * experts)',
    causes: ['divided by k'],
  },
  {
    exercise: 'expertCapacity',
    mistake: 'Never more than there are tokens: Infinity is lost.',
    find: 'return Math.max(1, Math.ceil(even * factor));',
    put: 'return Math.min(tokens, Math.max(1, Math.ceil(even * factor)));',
    causes: ['never more than there are tokens, not even 1'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'Token by token, not choice by choice.',
    find: 'a.slot - b.slot || a.token - b.token',
    put: 'a.token - b.token || a.slot - b.slot',
    causes: ['token by token'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'The piles are sorted by token in the end.',
    find: '    return pile;',
    put: '    return pile.sort((a, b) => a.token - b.token);',
    causes: ['each pile by token'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'One too many: the capacity itself is still let in.',
    find: 'pile.length < capacity',
    put: 'pile.length <= capacity',
    causes: ['one too many'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'The capacity is not looked at.',
    find: 'if (pile.length < capacity) pile.push',
    put: 'pile.push',
    causes: ['capacity ignored'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'Only first choices are dealt out.',
    find: '.filter(({ expert }) => expert === e);',
    put: '.filter(({ expert, slot }) => expert === e && slot === 0);',
    causes: ['first choices only'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'The last comers are kept, not the first.',
    find: 'if (pile.length < capacity) pile.push({ token, slot });',
    put: `{
      pile.push({ token, slot });
      if (pile.length > capacity) pile.shift();
    }`,
    causes: ['the last ones kept'],
  },
  {
    exercise: 'dispatchTokens',
    mistake: 'Token and slot are exchanged.',
    find: 'pile.push({ token, slot });',
    put: 'pile.push({ token: slot, slot: token });',
    causes: ['token and slot exchanged'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'What the expert says is not weighed.',
    find: 'const weighed = said.y.mul(gatesOf(pile, gates));',
    put: 'const weighed = said.y;',
    causes: ['gates left out'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'The gate weighs what the expert is told.',
    find: `const said = feedForward(read, experts[e], 'relu');
    const weighed = said.y.mul(gatesOf(pile, gates));`,
    put: `const said = feedForward(read.mul(gatesOf(pile, gates)), experts[e], 'relu');
    const weighed = said.y;`,
    causes: ['the gate weighs the input'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'Row i of what is said goes to row i of y.',
    find: 'placesOf(pile, x.shape[0]).matmul(weighed)',
    put: 'placesOf(pile.map((_, i) => ({ token: i % x.shape[0], slot: 0 })), x.shape[0]).matmul(weighed)',
    causes: ['put back by the place in the pile'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'The last expert overwrites what others said of the token.',
    find: 'y = y.add(placesOf(pile, x.shape[0]).matmul(weighed));',
    put: 'pile.forEach(({ token }, i) => (y = y.withSlice([token], weighed.row(i))));',
    causes: ['the last expert overwrites'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'A token that was dropped everywhere passes through as it is.',
    find: '  return { y, cache: { x, gates, piles, experts, work } };',
    put: `  for (let t = 0; t < x.shape[0]; t++)
    if (!piles.flat().some(({ token }) => token === t)) y = y.withSlice([t], x.row(t));
  return { y, cache: { x, gates, piles, experts, work } };`,
    causes: ['tokens that nobody took pass through'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'The gate of the first slot for every assignment.',
    find: `pile.map(({ token, slot }) => gates.at(token, slot)),
  );`,
    put: `pile.map(({ token }) => gates.at(token, 0)),
  );`,
    causes: ['the first gate for all'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'The gates are rescaled for what was dropped.',
    find: `const said = feedForward(read, experts[e], 'relu');
    const weighed = said.y.mul(gatesOf(pile, gates));`,
    put: `const said = feedForward(read, experts[e], 'relu');
    const kept = pile.map(({ token }) =>
      piles.flat().reduce((sum, a) => (a.token === token ? sum + gates.at(token, a.slot) : sum), 0),
    );
    const weighed = said.y.mul(gatesOf(pile, gates)).div(new Tensor([pile.length, 1], kept));`,
    causes: ['rescaled to 1 for what was dropped'],
  },
  {
    exercise: 'expertsForward',
    mistake: 'GELU in place of ReLU.',
    find: `feedForward(read, experts[e], 'relu')`,
    put: `feedForward(read, experts[e], 'gelu')`,
    causes: ['GELU for ReLU'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'dgates is taken with the weighed word.',
    find: 'heard.mul(done.y).sum(1)',
    put: 'heard.mul(done.y).mul(gatesOf(pile, gates)).sum(1)',
    causes: ['dgates with the weighed word'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'The expert gets dy without the gate.',
    find: 'feedForwardBackward(heard.mul(gatesOf(pile, gates)), done.cache)',
    put: 'feedForwardBackward(heard, done.cache)',
    causes: ['not weighed on the way back'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'The gate is a constant: dgates stays zero.',
    find: 'dgates[token * k + slot] = told.at(i);',
    put: 'dgates[token * k + slot] = 0 * told.at(i);',
    causes: ['the gates as constants'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'dx of a token is that of its last expert only.',
    find: 'dx[token * C + c] += back.dx.at(i, c);',
    put: 'dx[token * C + c] = back.dx.at(i, c);',
    causes: ['dx of the last expert'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'The gate is multiplied in twice.',
    find: 'heard.mul(gatesOf(pile, gates))',
    put: 'heard.mul(gatesOf(pile, gates)).mul(gatesOf(pile, gates))',
    causes: ['weighed twice'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'Row i of dx_e goes to row i of dx.',
    find: 'dx[token * C + c] += back.dx.at(i, c);',
    put: 'dx[i * C + c] += back.dx.at(i, c);',
    causes: ['dx by the place in the pile'],
  },
  {
    exercise: 'expertsBackward',
    mistake: 'An expert hears the first rows of dy, not those of its tokens.',
    find: 'const heard = dy.gather(pile.map(({ token }) => token));',
    put: 'const heard = dy.gather(pile.map((_, i) => i % T));',
    causes: ['dy by the place in the pile'],
  },
];
