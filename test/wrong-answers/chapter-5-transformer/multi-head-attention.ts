/** Wrong answers of multi-head and grouped-query attention. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'projectForward',
    mistake: 'The bias is left out.',
    find: `linearForward(list, w, b);`,
    put: `linearForward(list, w, b.mul(0));`,
    causes: ['bias left out'],
  },
  {
    exercise: 'projectForward',
    mistake: 'The result stays one list of tokens.',
    find: `return { y: new Tensor([...front, w.shape[0]], y.data), cache`,
    put: `return { y, cache`,
    causes: ['left as one list'],
  },
  {
    exercise: 'projectForward',
    mistake: 'The result gets the shape of x, which fits where out equals in.',
    find: `new Tensor([...front, w.shape[0]], y.data)`,
    put: `y.reshape(...x.shape)`,
    causes: ['put back into the shape of x'],
  },
  {
    exercise: 'projectForward',
    mistake: 'The weights are used without transposing them where they are square.',
    find: `linearForward(list, w, b);`,
    put: `linearForward(list, w.shape[0] === w.shape[1] ? w.T : w, b);`,
    causes: ['w not transposed'],
  },
  {
    exercise: 'projectBackward',
    mistake: 'dx stays one list of tokens.',
    find: `dx: dx.reshape(...cache.shape) };`,
    put: `dx };`,
    causes: ['dx left as one list'],
  },
  {
    exercise: 'projectBackward',
    mistake: 'The gradients of w and b are means over the tokens.',
    find: `return { ...rest, dx: dx.reshape(...cache.shape) };`,
    put: `const n = list.shape[0];
  return { dw: rest.dw.div(n), db: rest.db.div(n), dx: dx.reshape(...cache.shape) };`,
    causes: ['averaged over the tokens'],
  },
  {
    exercise: 'projectBackward',
    mistake: 'Divided by the number of sequences in the batch.',
    find: `return { ...rest, dx: dx.reshape(...cache.shape) };`,
    put: `const n = dy.shape[0];
  return { dw: rest.dw.div(n), db: rest.db.div(n), dx: dx.reshape(...cache.shape) };`,
    causes: ['averaged over the first axis'],
  },
  {
    exercise: 'projectBackward',
    mistake: 'db is the sum over the first axis of dy only.',
    find: `return { ...rest, dx: dx.reshape(...cache.shape) };`,
    put: `return { ...rest, db: dy.sum(0), dx: dx.reshape(...cache.shape) };`,
    causes: ['bias’s gradient summed over the batch only'],
  },
  {
    exercise: 'splitHeads',
    mistake: 'Reshape alone, straight to (B, h, T, C/h).',
    find: `return stack(split(x, heads, 2), 1);`,
    put: `return x.reshape(x.shape[0], heads, x.shape[1], C / heads);`,
    causes: ['reshaped without a transpose'],
  },
  {
    exercise: 'splitHeads',
    mistake: 'The transposition is forgotten: (B, T, h, C/h).',
    find: `return stack(split(x, heads, 2), 1);`,
    put: `return x.reshape(x.shape[0], x.shape[1], heads, C / heads);`,
    causes: ['axes not exchanged'],
  },
  {
    exercise: 'splitHeads',
    mistake: 'The columns are dealt like cards, one to each head in turn.',
    find: `return stack(split(x, heads, 2), 1);`,
    put: `return x.reshape(x.shape[0], x.shape[1], C / heads, heads).transpose(0, 3, 1, 2);`,
    causes: ['columns dealt like cards'],
  },
  {
    exercise: 'splitHeads',
    mistake: 'A number of heads that does not divide C is rounded away.',
    find: `  if (!Number.isInteger(heads) || heads < 1 || C % heads !== 0) {
    throw new RangeError(\`\${heads} heads do not divide the \${C} columns\`);
  }
`,
    put: `  x = x.slice(null, null, [0, heads * Math.floor(C / heads)]);\n`,
    causes: [],
  },
  {
    exercise: 'splitHeads',
    mistake: 'The heads come in front of the batch.',
    find: `return stack(split(x, heads, 2), 1);`,
    put: `return stack(split(x, heads, 2), 0);`,
    causes: ['heads in front of the batch'],
  },
  {
    exercise: 'mergeHeads',
    mistake: 'Reshape alone, without moving the heads behind the time.',
    find: `  const out = zeros(B, T, h * d);`,
    put: `  if (x) return x.reshape(B, T, h * d);
  const out = zeros(B, T, h * d);`,
    causes: ['reshaped without a transpose'],
  },
  {
    exercise: 'mergeHeads',
    mistake: 'The columns of the heads alternate.',
    find: `out.data[(b * T + t) * h * d + n * d + i]`,
    put: `out.data[(b * T + t) * h * d + i * h + n]`,
    causes: ['columns interleaved'],
  },
  {
    exercise: 'mergeHeads',
    mistake: 'The heads are added, not put side by side.',
    find: `  const out = zeros(B, T, h * d);`,
    put: `  if (x) return x.sum(1);
  const out = zeros(B, T, h * d);`,
    causes: ['heads added up'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'A mask for each sequence goes in without a place for the heads.',
    find: `    splitHeads(given.y, heads),
    forEveryHead(mask),`,
    put: `    splitHeads(given.y, heads),
    mask,`,
    causes: ['mask without an axis for the heads'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The mask is not handed on.',
    find: `    splitHeads(given.y, heads),
    forEveryHead(mask),`,
    put: `    splitHeads(given.y, heads),
    new Tensor([1, 1], [1]),`,
    causes: ['mask ignored'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'Keys and values are made of x, not of the memory.',
    find: `  const found = projectForward(memory, wK, bK);
  const given = projectForward(memory, wV, bV);`,
    put: `  const found = projectForward(x, wK, bK);
  const given = projectForward(x, wV, bV);`,
    causes: ['memory never read'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The values are made of x.',
    find: `const given = projectForward(memory, wV, bV);`,
    put: `const given = projectForward(memory.sameShape(x) ? x : memory, wV, bV);`,
    causes: [],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'Values use the keys’ matrix and bias.',
    find: `const given = projectForward(memory, wV, bV);`,
    put: `const given = projectForward(memory, wK, bK);`,
    causes: ['values projected like keys'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The last projection is forgotten.',
    find: `    y: mixed.y,
    attention: looked.weights,`,
    put: `    y: mergeHeads(looked.y),
    attention: looked.weights,`,
    causes: ['output projection missing'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'One wide head: nothing is split.',
    find: `  const looked = attentionForward(
    splitHeads(asked.y, heads),
    splitHeads(found.y, heads),
    splitHeads(given.y, heads),`,
    put: `  const looked = attentionForward(
    splitHeads(asked.y, 1),
    splitHeads(found.y, 1),
    splitHeads(given.y, 1),`,
    causes: ['one wide head'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The heads’ weights are averaged before they are shown.',
    find: `attention: looked.weights,`,
    put: `attention: looked.weights.mean(1),`,
    causes: ['weights averaged over the heads'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The scores are divided by the root of C once it has been split: scaled by √C instead of √(C/h).',
    find: `  const looked = attentionForward(
    splitHeads(asked.y, heads),`,
    put: `  const looked = attentionForward(
    splitHeads(asked.y, heads).div(Math.sqrt(heads)),`,
    causes: ['scaled by the width of the model'],
  },
  {
    exercise: 'multiHeadForward',
    mistake: 'The heads are put together by reshape alone.',
    find: `const mixed = projectForward(mergeHeads(looked.y), wO, bO);`,
    put: `const mixed = projectForward(looked.y.reshape(...x.shape), wO, bO);`,
    causes: ['heads merged by reshape'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'The way back through wO is left out.',
    find: `attentionBackward(splitHeads(o.dx, heads), cache.attention);`,
    put: `attentionBackward(splitHeads(dy, heads), cache.attention);`,
    causes: ['output projection passed over'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'The memory hears through the keys only.',
    find: `dmemory: k.dx.add(v.dx), weights };`,
    put: `dmemory: k.dx, weights };`,
    causes: ['memory hears from the keys only'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'The memory hears through the values only.',
    find: `dmemory: k.dx.add(v.dx), weights };`,
    put: `dmemory: v.dx, weights };`,
    causes: ['memory hears from the values only'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'The gradient of the values goes home through the keys’ cache.',
    find: `const v = projectBackward(mergeHeads(dv), cache.v);`,
    put: `const v = projectBackward(mergeHeads(dv), cache.k);`,
    causes: ['values’ gradient through the keys’ cache'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'dx holds all three ways already, as if x were the memory.',
    find: `return { dx: q.dx, dmemory: k.dx.add(v.dx), weights };`,
    put: `const dmemory = k.dx.add(v.dx);
  return { dx: q.dx.sameShape(dmemory) ? q.dx.add(dmemory) : q.dx, dmemory, weights };`,
    causes: ['memory’s gradient added to dx'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'The heads of dq are put together by reshape alone.',
    find: `const q = projectBackward(mergeHeads(dq), cache.q);`,
    put: `const q = projectBackward(dq.reshape(...dy.shape), cache.q);`,
    causes: ['queries’ heads merged by reshape'],
  },
  {
    exercise: 'multiHeadBackward',
    mistake: 'dk and dv are exchanged.',
    find: `const { dq, dk, dv } = attentionBackward(splitHeads(o.dx, heads), cache.attention);`,
    put: `const { dq, dk: dv, dv: dk } = attentionBackward(splitHeads(o.dx, heads), cache.attention);`,
    causes: ['keys’ and values’ gradients exchanged'],
  },
  {
    exercise: 'repeatHeads',
    mistake: 'All heads once, and all once more: 1 2 1 2.',
    find: `  return concat(copies, 1);`,
    put: `  return concat(new Array<Tensor>(times).fill(x), 1);`,
    causes: ['the whole row of heads repeated'],
  },
  {
    exercise: 'repeatHeads',
    mistake: 'The tokens are repeated instead of the heads.',
    find: `  return concat(copies, 1);`,
    put: `  return concat(new Array<Tensor>(times).fill(x), 2);`,
    causes: ['tokens repeated', 'the whole sequence repeated'],
  },
  {
    exercise: 'repeatHeads',
    mistake: 'One copy too many: times further ones.',
    find: `for (let copy = 0; copy < times; copy++) copies.push(head);`,
    put: `for (let copy = 0; copy <= times; copy++) copies.push(head);`,
    causes: ['one copy too many'],
  },
  {
    exercise: 'repeatHeadsBackward',
    mistake: 'The mean of the copies’ gradients.',
    find: `dx[to + i] += dy.data[from + i];`,
    put: `dx[to + i] += dy.data[from + i] / times;`,
    causes: ['averaged over the copies'],
  },
  {
    exercise: 'repeatHeadsBackward',
    mistake: 'Assigned: only the last copy’s gradient survives.',
    find: `dx[to + i] += dy.data[from + i];`,
    put: `dx[to + i] = dy.data[from + i];`,
    causes: ['the last copy only'],
  },
  {
    exercise: 'repeatHeadsBackward',
    mistake: 'Only the first copy’s gradient is taken.',
    find: `dx[to + i] += dy.data[from + i];`,
    put: `dx[to + i] += n % times === 0 ? dy.data[from + i] : 0;`,
    causes: ['the first copy only'],
  },
  {
    exercise: 'repeatHeadsBackward',
    mistake: 'Head n is thought to be a copy of head n mod g.',
    find: `(b * g + Math.floor(n / times)) * block`,
    put: `(b * g + (n % g)) * block`,
    causes: ['other heads’ copies added'],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'Keys are repeated in the order 1 2 1 2.',
    find: `  const keys = repeatHeads(splitHeads(k.y, kvHeads), times);
  const values = repeatHeads(splitHeads(v.y, kvHeads), times);`,
    put: `  const keys = concat(new Array<Tensor>(times).fill(splitHeads(k.y, kvHeads)), 1);
  const values = concat(new Array<Tensor>(times).fill(splitHeads(v.y, kvHeads)), 1);`,
    causes: ['key–value heads dealt in turn'],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'Only the keys are grouped right; the values are repeated 1 2 1 2.',
    find: `const values = repeatHeads(splitHeads(v.y, kvHeads), times);`,
    put: `const values = concat(new Array<Tensor>(times).fill(splitHeads(v.y, kvHeads)), 1);`,
    causes: ['values’ heads dealt in turn'],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'A mask for each sequence goes in without a place for the heads.',
    find: `attentionForward(splitHeads(q.y, heads), keys, values, forEveryHead(mask));`,
    put: `attentionForward(splitHeads(q.y, heads), keys, values, mask);`,
    causes: ['mask without an axis for the heads'],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'Each key–value head is repeated kvHeads times, not h / kvHeads times.',
    find: `  const keys = repeatHeads(splitHeads(k.y, kvHeads), times);
  const values = repeatHeads(splitHeads(v.y, kvHeads), times);`,
    put: `  const keys = repeatHeads(splitHeads(k.y, kvHeads), kvHeads);
  const values = repeatHeads(splitHeads(v.y, kvHeads), kvHeads);`,
    causes: [],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'Keys and values are made of x, not of the memory.',
    find: `[project(x, 'Q'), project(memory, 'K'), project(memory, 'V')]`,
    put: `[project(x, 'Q'), project(x, 'K'), project(x, 'V')]`,
    causes: ['memory never read'],
  },
  {
    exercise: 'groupedQueryForward',
    mistake: 'The last projection is forgotten.',
    find: `return { y: o.y, attention, cache: {`,
    put: `return { y: mergeHeads(a), attention, cache: {`,
    causes: ['output projection missing'],
  },
  {
    exercise: 'groupedQueryBackward',
    mistake: 'The copies’ gradients are averaged.',
    find: `  const key = projectBackward(mergeHeads(repeatHeadsBackward(inner.dk, times)), cache.k);
  const value = projectBackward(mergeHeads(repeatHeadsBackward(inner.dv, times)), cache.v);`,
    put: `  const key = projectBackward(mergeHeads(repeatHeadsBackward(inner.dk, times).div(times)), cache.k);
  const value = projectBackward(mergeHeads(repeatHeadsBackward(inner.dv, times).div(times)), cache.v);`,
    causes: ['averaged over the group'],
  },
  {
    exercise: 'groupedQueryBackward',
    mistake: 'Only the first copy of each group is heard.',
    find: `  const key = projectBackward(mergeHeads(repeatHeadsBackward(inner.dk, times)), cache.k);
  const value = projectBackward(mergeHeads(repeatHeadsBackward(inner.dv, times)), cache.v);`,
    put: `  const first = (part: Tensor) =>
    concat(
      Array.from({ length: part.shape[1] / times }, (_, m) => part.slice(null, [m * times, m * times + 1])),
      1,
    );
  const key = projectBackward(mergeHeads(first(inner.dk)), cache.k);
  const value = projectBackward(mergeHeads(first(inner.dv)), cache.v);`,
    causes: ['the first copy’s gradient only'],
  },
  {
    exercise: 'groupedQueryBackward',
    mistake: 'The memory hears through the keys only.',
    find: `dmemory: value.dx.add(key.dx),`,
    put: `dmemory: key.dx,`,
    causes: ['memory hears from the keys only'],
  },
  {
    exercise: 'groupedQueryBackward',
    mistake: 'The way back through wO is left out.',
    find: `attentionBackward(splitHeads(out.dx, attention.q.shape[1]), attention);`,
    put: `attentionBackward(splitHeads(dy, attention.q.shape[1]), attention);`,
    causes: ['output projection passed over'],
  },
  {
    exercise: 'groupedQueryBackward',
    mistake: 'The copies are taken to lie g apart.',
    find: `  const key = projectBackward(mergeHeads(repeatHeadsBackward(inner.dk, times)), cache.k);
  const value = projectBackward(mergeHeads(repeatHeadsBackward(inner.dv, times)), cache.v);`,
    put: `  const gather = (part: Tensor) => {
    const [B, h, S, d] = part.shape;
    return part.reshape(B, times, h / times, S, d).sum(1);
  };
  const key = projectBackward(mergeHeads(gather(inner.dk)), cache.k);
  const value = projectBackward(mergeHeads(gather(inner.dv)), cache.v);`,
    causes: ['another group’s gradients'],
  },
];
