/** Wrong answers of the three ways to tell a place. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'learnedPositionsForward',
    mistake: 'start is ignored: every text begins at place 0.',
    find: `table.data[(start + t) * C + c];`,
    put: `table.data[t * C + c];`,
    causes: ['start ignored'],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'The row goes by the number of the sequence in the batch, not by the time.',
    find: `table.data[(start + t) * C + c];`,
    put: `table.data[((start + b) % L) * C + c];`,
    causes: [
      'row of the sequence instead of the place',
      'row of the sequence instead of the place, counted from start',
    ],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'The second sequence goes on counting where the first one ended.',
    find: `table.data[(start + t) * C + c];`,
    put: `table.data[((start + b * T + t) % L) * C + c];`,
    causes: ['counted through the whole batch'],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'Row start is added to every token.',
    find: `table.data[(start + t) * C + c];`,
    put: `table.data[start * C + c];`,
    causes: ['one row for all'],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'The places are added to nothing: y is the rows alone.',
    find: `y[(b * T + t) * C + c] +=`,
    put: `y[(b * T + t) * C + c] =`,
    causes: ['the rows alone'],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'The bound is one too strict: the last place may not be used.',
    find: `start + T > L)`,
    put: `start + T >= L)`,
    causes: [],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'Beyond the last place the table begins anew, without an error.',
    find: `|| start + T > L) throw`,
    put: `) throw`,
    causes: [],
  },
  {
    exercise: 'learnedPositionsForward',
    mistake: 'Only T > L is refused; start does not count.',
    find: `start + T > L)`,
    put: `T > L)`,
    causes: [],
  },
  {
    exercise: 'learnedPositionsBackward',
    mistake: 'The gradient of a row is assigned for each sequence, and the last one wins.',
    find: `dtable.data[place * C + c] += dy.data[n * C + c];`,
    put: `dtable.data[place * C + c] = dy.data[n * C + c];`,
    causes: ['last sequence wins'],
  },
  {
    exercise: 'learnedPositionsBackward',
    mistake: 'The table of gradients has T rows, not L.',
    find: `  const dtable = zeros(length, C);
  for (let n = 0; n < B * T; n++) {
    const place = start + (n % T);`,
    put: `  const dtable = zeros(T, C);
  for (let n = 0; n < B * T; n++) {
    const place = n % T;`,
    causes: ['rows that were not used left out'],
  },
  {
    exercise: 'learnedPositionsBackward',
    mistake: 'The gradient goes to the rows from 0 on, whatever start was.',
    find: `const place = start + (n % T);`,
    put: `const place = n % T;`,
    causes: ['start ignored'],
  },
  {
    exercise: 'learnedPositionsBackward',
    mistake: 'The mean over the sequences of the batch instead of the sum.',
    find: `dtable.data[place * C + c] += dy.data[n * C + c];`,
    put: `dtable.data[place * C + c] += dy.data[n * C + c] / B;`,
    causes: ['averaged over the batch'],
  },
  {
    exercise: 'learnedPositionsBackward',
    mistake: 'Half of the gradient for each of the two terms.',
    find: `return { dx: dy, dtable };`,
    put: `return { dx: dy.mul(0.5), dtable: dtable.mul(0.5) };`,
    causes: ['gradient halved between x and the table'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'All sines first, then all cosines.',
    find: `stack([angles.sin(), angles.cos()], 2)`,
    put: `stack([angles.sin(), angles.cos()], 1)`,
    causes: ['sines first, then cosines'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'The cosine stands in the even column.',
    find: `stack([angles.sin(), angles.cos()], 2)`,
    put: `stack([angles.cos(), angles.sin()], 2)`,
    causes: ['sine and cosine exchanged'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'The exponent is −i/d, without the 2.',
    find: `const angles = arange(length).outer(frequencies(dModel));`,
    put: `const angles = arange(length).outer(arange(dModel / 2).map((i) => BASE ** (-i / dModel)));`,
    causes: ['exponent without the 2'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'The exponent counts columns, so that sine and cosine of a pair turn at different speeds.',
    find: `  const angles = arange(length).outer(frequencies(dModel));
  return stack(`,
    put: `  const angles = arange(length).outer(frequencies(dModel));
  if (angles) {
    return arange(length)
      .outer(arange(dModel).map((column) => BASE ** (-column / dModel)))
      .map((angle, at) => (at % 2 === 0 ? Math.sin(angle) : Math.cos(angle)));
  }
  return stack(`,
    causes: ['another speed for every column'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'The column itself is taken for i: 10000^(−2 · column/d).',
    find: `  const angles = arange(length).outer(frequencies(dModel));
  return stack(`,
    put: `  const angles = arange(length).outer(frequencies(dModel));
  if (angles) {
    return arange(length)
      .outer(arange(dModel).map((column) => BASE ** ((-2 * column) / dModel)))
      .map((angle, at) => (at % 2 === 0 ? Math.sin(angle) : Math.cos(angle)));
  }
  return stack(`,
    causes: ['the 2 twice'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'Positions are counted from 1.',
    find: `const angles = arange(length).outer(`,
    put: `const angles = arange(1, length + 1).outer(`,
    causes: ['positions from 1'],
  },
  {
    exercise: 'sinusoidalPositions',
    mistake: 'The exponent has the wrong sign: 10000^(2i/d).',
    find: `const angles = arange(length).outer(frequencies(dModel));`,
    put: `const angles = arange(length).outer(frequencies(dModel).reciprocal());`,
    causes: ['faster instead of slower'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'The rotation that one knows, with the minus in the upper corner: it turns backwards.',
    find: `    rows[even][even + 1] = Math.sin(angle);
    rows[even + 1][even] = -Math.sin(angle);`,
    put: `    rows[even][even + 1] = -Math.sin(angle);
    rows[even + 1][even] = Math.sin(angle);`,
    causes: ['turned the other way'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'No minus at all.',
    find: `rows[even + 1][even] = -Math.sin(angle);`,
    put: `rows[even + 1][even] = Math.sin(angle);`,
    causes: ['one minus sign missing'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'Every pair turns as fast as the first.',
    find: `const angle = shift * BASE ** (-even / dModel);`,
    put: `const angle = shift;`,
    causes: ['one speed for all pairs'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'The exponent is −i/d for pair i, without the 2.',
    find: `const angle = shift * BASE ** (-even / dModel);`,
    put: `const angle = shift * BASE ** (-even / 2 / dModel);`,
    causes: ['exponent without the 2'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'The columns i and i + d/2 make a pair.',
    find: `    rows[even][even] = Math.cos(angle);
    rows[even][even + 1] = Math.sin(angle);
    rows[even + 1][even] = -Math.sin(angle);
    rows[even + 1][even + 1] = Math.cos(angle);`,
    put: `    const [one, two] = [even / 2, (even + dModel) / 2];
    rows[one][one] = Math.cos(angle);
    rows[one][two] = Math.sin(angle);
    rows[two][one] = -Math.sin(angle);
    rows[two][two] = Math.cos(angle);`,
    causes: ['pairs half the width apart'],
  },
  {
    exercise: 'shiftRotation',
    mistake: 'Sine and cosine are exchanged.',
    find: `    rows[even][even] = Math.cos(angle);
    rows[even][even + 1] = Math.sin(angle);
    rows[even + 1][even] = -Math.sin(angle);
    rows[even + 1][even + 1] = Math.cos(angle);`,
    put: `    rows[even][even] = Math.sin(angle);
    rows[even][even + 1] = Math.cos(angle);
    rows[even + 1][even] = -Math.cos(angle);
    rows[even + 1][even + 1] = Math.sin(angle);`,
    causes: ['sine and cosine exchanged', 'sine and cosine exchanged, the minus below'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'The columns i and i + d/2 make a pair.',
    find: `  return { y: turn(x, positions, 1), cache: { positions } };`,
    put: `  const y = x.data.slice();
  const speeds = frequencies(d).data;
  for (let row = 0; row < x.size / d; row++) {
    for (let i = 0; i < d / 2; i++) {
      const theta = positions[row % T] * speeds[i];
      const [one, two] = [row * d + i, row * d + i + d / 2];
      y[one] = x.data[one] * Math.cos(theta) - x.data[two] * Math.sin(theta);
      y[two] = x.data[one] * Math.sin(theta) + x.data[two] * Math.cos(theta);
    }
  }
  return { y: new Tensor(x.shape, y), cache: { positions } };`,
    causes: ['pairs half the width apart'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'The second number of a pair is made of the new first one.',
    find: `out[at + 1] = re * Math.sin(theta) + im * Math.cos(theta);`,
    put: `out[at + 1] = out[at] * Math.sin(theta) + im * Math.cos(theta);`,
    causes: ['second number from the new first'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'It turns the other way.',
    find: `y: turn(x, positions, 1)`,
    put: `y: turn(x, positions, -1)`,
    causes: ['turned the other way'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'Token t is turned by t, whatever its position.',
    find: `direction * positions[t] * speeds`,
    put: `direction * t * speeds`,
    causes: ['positions restarted'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'The exponent is −i/d for pair i, without the 2.',
    find: `speeds[(at % d) / 2];`,
    put: `BASE ** (-(at % d) / 2 / d);`,
    causes: ['exponent without the 2'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'All pairs turn at the same speed.',
    find: `direction * positions[t] * speeds[(at % d) / 2];`,
    put: `direction * positions[t];`,
    causes: ['one speed for all pairs'],
  },
  {
    exercise: 'rotaryForward',
    mistake:
      'With a batch the position of a row is found by its number in the whole batch, which works for one sequence only.',
    find: `const t = Math.floor(at / d) % positions.length;`,
    put: `const t = Math.min(Math.floor(at / d), positions.length - 1);`,
    causes: ['positions counted through'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'The sinusoidal positions are added to x instead.',
    find: `  return { y: turn(x, positions, 1), cache: { positions } };`,
    put: `  const speeds = frequencies(d).data;
  const y = x.map((entry, at) => {
    const theta = positions[Math.floor(at / d) % T] * speeds[Math.floor((at % d) / 2)];
    return entry + (at % 2 === 0 ? Math.sin(theta) : Math.cos(theta));
  });
  return { y, cache: { positions } };`,
    causes: ['positions added instead'],
  },
  {
    exercise: 'rotaryForward',
    mistake: 'Too few or too many positions are not noticed.',
    find: `  if (T !== positions.length) throw new ShapeError(\`\${positions.length} positions for x \${showShape(x.shape)}\`);\n`,
    put: ``,
    causes: [],
  },
  {
    exercise: 'rotaryBackward',
    mistake: 'The gradient is turned on instead of back.',
    find: `return turn(dy, cache.positions, -1);`,
    put: `return turn(dy, cache.positions, 1);`,
    causes: ['turned on instead of back'],
  },
  {
    exercise: 'rotaryBackward',
    mistake: 'A rotation keeps lengths, so the gradient is handed on as it is.',
    find: `return turn(dy, cache.positions, -1);`,
    put: `return dy;`,
    causes: ['not turned at all'],
  },
  {
    exercise: 'rotaryBackward',
    mistake: 'The derivatives of sine and cosine by the angle are put in place of the rotation.',
    find: `return turn(dy, cache.positions, -1);`,
    put: `const turned = turn(dy, cache.positions, 1);
  return turned.map((entry, at) => (at % 2 === 0 ? -turned.data[at + 1] : turned.data[at - 1]));`,
    causes: ['differentiated by the angle'],
  },
  {
    exercise: 'rotaryBackward',
    mistake: 'Turned back, but token t by t, not by its position.',
    find: `return turn(dy, cache.positions, -1);`,
    put: `return turn(dy, cache.positions.map((_, t) => t), -1);`,
    causes: ['positions restarted'],
  },
];
