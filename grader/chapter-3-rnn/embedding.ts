import { Tensor, oneHot as oneHotRows, tensor as toTensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  gradientAgrees,
  gradientOf,
  indices,
  listOf,
  pure,
  range,
  rejects,
  table,
  tensor,
  topic,
  valueOf,
  vector,
  type Lifted,
} from '../engine/index.ts';

type Tokens = number[] | number[][];

const flatten = (tokens: Tokens): number[] => tokens.flat();
const shapeOf = (tokens: Tokens): number[] =>
  Array.isArray(tokens[0]) ? [tokens.length, tokens[0].length] : [tokens.length];

/** A tensor of the tokens' shape with an axis behind it, from its rows. */
const rowsOf = (tokens: Tokens, width: number, row: (token: number) => number[]) =>
  new Tensor([...shapeOf(tokens), width], Float64Array.from(flatten(tokens).flatMap(row)));

const oneHot = (token: number, classes: number) => Array.from({ length: classes }, (_, v) => (v === token ? 1 : 0));

/** Tokens in rows or, when drawn so, in one list. */
const shaped = (rows: number[][], list: boolean): Tokens => (list ? rows.flat() : rows);

const oneHotEncode = exercise({
  points: 1,
  inputs: { rows: listOf('T', indices('B', 'V')), names: vector('V'), list: choice(false, true) },
  sizes: { T: [1, 4], B: [1, 3], V: [1, 5] },
  derive: ({ rows, names, list }) => ({ tokens: shaped(rows, list), classes: names.length }),
  parameters: ['tokens', 'classes'],
  oracle: ({ tokens, classes }) => rowsOf(tokens, classes, (token) => oneHot(token, classes)),
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects('a token outside the vocabulary', [
      { tokens: [0, 3], classes: 3 },
      { tokens: [-1], classes: 3 },
      { tokens: [[0], [5]], classes: 2 },
      { tokens: [0.5], classes: 2 },
    ]),
  ],
  examples: [
    { tokens: [2, 0, 1, 2], classes: 4 },
    {
      tokens: [
        [0, 3],
        [1, 1],
        [3, 2],
      ],
      classes: 4,
    },
  ],
  misconceptions: {
    'one column per token': {
      wrong: ({ tokens, classes }) => rowsOf(flatten(tokens), classes, (t) => oneHot(t, classes)).T,
      says: 'Your result has a row for each word of the vocabulary. Asked for is the other way round: a row for each token, a column for each word.',
    },
    'vocabulary in front': {
      wrong: ({ tokens, classes }) =>
        rowsOf(flatten(tokens), classes, (t) => oneHot(t, classes)).T.reshape(classes, ...shapeOf(tokens)),
      says: 'The axis of length V comes first in your result. It comes last: behind each token stands its row.',
    },
    'the token in place of the 1': {
      wrong: ({ tokens, classes }) => rowsOf(tokens, classes, (t) => oneHot(t, classes).map((x) => x * t)),
      says: 'You write the token itself into its column, so token 0 leaves no trace at all and token 4 counts four times. The token only says where; what stands there is always 1.',
    },
    'columns counted from 1': {
      wrong: ({ tokens, classes }) => rowsOf(tokens, classes, (t) => oneHot(t - 1, classes)),
      says: 'Your ones stand one column too far left, and token 0 has none: tokens are counted from 0, as columns are.',
    },
    'one row for all': {
      wrong: ({ tokens, classes }) =>
        new Tensor(
          [classes],
          Float64Array.from({ length: classes }, (_, v) => flatten(tokens).filter((t) => t === v).length),
        ),
      says: 'You count how often each word occurs: a bag of words, in which the order is gone. Every token keeps a row of its own.',
    },
    'time and batch run together': {
      wrong: ({ tokens, classes }) => rowsOf(flatten(tokens), classes, (t) => oneHot(t, classes)),
      says: 'Tokens in rows, (T, B), come back as one long list. Their shape stays, with one axis of length V behind it.',
    },
    'columns counted from 1, and refused': {
      wrong: ({ tokens, classes }) => oneHotRows(toTensor(tokens).sub(1), classes),
      says: 'You take 1 from every token, so token 0 becomes −1, for which there is no column. Tokens are counted from 0, as columns are.',
    },
    'token 0 taken for none': {
      wrong: ({ tokens, classes }) => rowsOf(tokens, classes, (t) => oneHot(t === 0 ? -1 : t, classes)),
      says: 'Token 0 gets no 1 at all. In a condition such as if (token) the number 0 counts as "nothing there"; here it is a token like any other.',
    },
    'batch first': {
      wrong: ({ tokens, classes }) => {
        const o = rowsOf(tokens, classes, (t) => oneHot(t, classes));
        return o.rank === 3 ? o.transpose(1, 0, 2) : o;
      },
      says: 'Your result is (B, T, V). In this chapter time comes first: row t of the tokens is what all sequences read at time t.',
    },
    'as many columns as needed': {
      wrong: ({ tokens, classes }) => {
        const used = Math.min(classes, Math.max(...flatten(tokens)) + 1);
        return rowsOf(tokens, used, (t) => oneHot(t, used));
      },
      says: 'Your rows end with the largest token of this text. The vocabulary has V words, whether or not the text uses them: the length of a row is `classes`.',
    },
  },
  hints: [
    'Each token is a name, and a name is a place: the 1 stands at the place, nothing else matters.',
    'Whatever the shape of the tokens is, the result has one axis more, of length V, at the end.',
    'The row of token 2 with V = 4 is 0 0 1 0. Is there something in #tensor that makes such rows?',
    'return oneHot(tensor(tokens), classes);',
  ],
});

type Lookup = {
  table: Tensor;
  tokens: Tokens;
};

/** y[n, e] = table[tokens[n], e]. */
function lookup({ table: words, tokens }: Lifted<Pick<Lookup, 'table'>> & Pick<Lookup, 'tokens'>) {
  const flat = flatten(tokens);
  const E = words.shape[1]!;
  return table([...shapeOf(tokens), E], (...at) => {
    const e = at.pop()!;
    const place = at.length === 1 ? at[0]! : at[0]! * shapeOf(tokens)[1]! + at[1]!;
    return words.at(flat[place]!, e);
  });
}

const row = (t: Tensor, i: number) => Array.from(t.row(i).data);

const embeddingForward = exercise({
  points: 2,
  inputs: { table: tensor('V', 'E'), rows: listOf('T', indices('B', 'V')), list: choice(false, true) },
  sizes: { T: [1, 4], B: [1, 3], V: [1, 5], E: [1, 3] },
  derive: ({ table, rows, list }) => ({ table, tokens: shaped(rows, list) }),
  parameters: ['table', 'tokens'],
  oracle: valueOf((i: Lifted<Pick<Lookup, 'table'>> & Pick<Lookup, 'tokens'>) => ({ y: lookup(i) }), {
    plain: ['tokens'],
  }),
  checks: [
    agrees({ exact: true }),
    pure(),
    rejects('a table that is no matrix, or a token without a row', [
      { table: toTensor([1, 2, 3]), tokens: [0] },
      { table: toTensor([[1], [2]]), tokens: [0, 2] },
      { table: toTensor([[1], [2]]), tokens: [[-1]] },
      { table: toTensor([[1], [2]]), tokens: [0.5] },
    ]),
  ],
  examples: [
    {
      table: toTensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      tokens: [2, 0, 2, 1],
    },
    {
      table: toTensor([
        [0.5, -1, 2],
        [1.5, 0.25, -2],
      ]),
      tokens: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    },
  ],
  misconceptions: {
    'one-hot without the table': {
      wrong: ({ table, tokens }) => ({
        y: rowsOf(tokens, table.shape[0]!, (t) => oneHot(t, table.shape[0]!)),
      }),
      says: 'You stop at the one-hot rows. They still have to meet the table: which of its rows does a one-hot row pick out?',
    },
    'rows counted from 1': {
      wrong: ({ table, tokens }) => {
        const V = table.shape[0]!;
        return { y: rowsOf(tokens, table.shape[1]!, (t) => row(table, (t + V - 1) % V)) };
      },
      says: 'Every token gets the row before its own. Tokens count from 0, and so do rows.',
    },
    'time and batch run together': {
      wrong: ({ table, tokens }) => ({ y: rowsOf(flatten(tokens), table.shape[1]!, (t) => row(table, t)) }),
      says: 'Tokens in rows, (T, B), come back as one long list of vectors. The shape of the tokens stays, and E comes behind it.',
    },
    'batch first': {
      wrong: ({ table, tokens }) => {
        const y = rowsOf(tokens, table.shape[1]!, (t) => row(table, t));
        return { y: y.rank === 3 ? y.transpose(1, 0, 2) : y };
      },
      says: 'Your result is (B, T, E). In this chapter time comes first: row t of the tokens is what all sequences read at time t.',
    },
    'scaled by √E': {
      wrong: ({ table, tokens }) => ({
        y: rowsOf(tokens, table.shape[1]!, (t) => row(table, t).map((x) => x * Math.sqrt(table.shape[1]!))),
      }),
      says: 'The vectors come out scaled by √E. That belongs to the Transformer of chapter 5; here the row is copied as it is.',
    },
    'first sequence only': {
      wrong: ({ table, tokens }) => {
        const y = rowsOf(tokens, table.shape[1]!, (t) => row(table, t));
        return { y: y.rank === 3 ? y.slice(null, 0) : y };
      },
      says: 'Of each row of tokens you look up only the first. The B sequences of a batch all need their vectors.',
    },
    'rows counted from 1, and refused': {
      wrong: ({ table, tokens }) => ({ y: table.gather(toTensor(tokens).sub(1)) }),
      says: 'You take 1 from every token, so token 0 becomes −1, for which there is no row. Tokens count from 0, and so do rows.',
    },
    'rows counted from 1, and nothing before the first': {
      wrong: ({ table, tokens }) => ({
        y: rowsOf(tokens, table.shape[1]!, (t) => (t > 0 ? row(table, t - 1) : row(table, 0).map(() => NaN))),
      }),
      says: 'Every token gets the row before its own, and token 0 gets what lies before the table: undefined, which becomes NaN. Tokens count from 0, and so do rows.',
    },
    'rows counted from 1, but for the first': {
      wrong: ({ table, tokens }) => ({
        y: rowsOf(tokens, table.shape[1]!, (t) => row(table, Math.max(0, t - 1))),
      }),
      says: 'Every token but the first gets the row before its own. Tokens count from 0, and so do rows.',
    },
    'columns for rows, read from the data': {
      wrong: ({ table, tokens }) => {
        const E = table.shape[1]!;
        return { y: rowsOf(tokens, E, (t) => range(E, (e) => table.data[e * E + t] ?? NaN)) };
      },
      says: 'You read column `token` of the table, and run out of it where there are fewer words than numbers in a vector. `data` holds row after row: entry (v, e) stands at v · E + e.',
    },
    'columns for rows': {
      wrong: ({ table, tokens }) => ({ y: table.T.gather(toTensor(tokens)) }),
      says: 'You look up columns of the table. It is (V, E): one row for each word, as long as a vector is.',
    },
    'token 0 taken for none': {
      wrong: ({ table, tokens }) => ({
        y: rowsOf(tokens, table.shape[1]!, (t) => row(table, t).map((x) => (t === 0 ? 0 : x))),
      }),
      says: 'Token 0 gets a vector of zeros. In a condition such as if (token) the number 0 counts as "nothing there"; here it is a token like any other, and row 0 is its row.',
    },
  },
  hints: [
    'A table, and the number of a row. Nothing is computed at all.',
    'The tokens’ shape stays, (N) or (T, B); behind it comes the width of the table, E.',
    'y = rows of the table, in the order in which the tokens name them. Tensors can gather rows by a tensor of indices.',
    'const index = tensor(tokens); y is table.gather(index); the cache keeps index and table.shape[0].',
  ],
});

type Back = Lookup & { dy: Tensor };

/** The scatter, with places to slip: what becomes of a row that is there already. */
function scatter({ table, tokens, dy }: Back, put: (old: number, now: number, seen: number) => number) {
  const [V, E] = table.shape as [number, number];
  const data = new Float64Array(V * E);
  const seen = new Array<number>(V).fill(0);
  flatten(tokens).forEach((token, n) => {
    for (let e = 0; e < E; e++) data[token * E + e] = put(data[token * E + e]!, dy.data[n * E + e]!, seen[token]!);
    seen[token]!++;
  });
  return new Tensor([V, E], data);
}

const repeated = {
  table: toTensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]),
  tokens: [1, 1, 0, 1],
  dy: toTensor([
    [1, 2],
    [-3, 0.5],
    [2, 2],
    [0.25, -1],
  ]),
};

const embeddingBackward = exercise({
  points: 3,
  inputs: {
    table: tensor('V', 'E'),
    rows: listOf('T', indices('B', 'V')),
    list: choice(false, true),
    dy: tensor('T', 'B', 'E'),
  },
  sizes: { T: [1, 4], B: [1, 3], V: [1, 5], E: [1, 3] },
  derive: ({ table, rows, list, dy }) => ({
    table,
    tokens: shaped(rows, list),
    dy: list ? dy.reshape(-1, dy.shape[2]!) : dy,
  }),
  parameters: ['dy'],
  backwardOf: { forward: 'embeddingForward', takes: ['table', 'tokens'] },
  oracle: gradientOf(lookup, { upstream: 'dy', wrt: 'table', plain: ['tokens'] }),
  checks: [
    gradientAgrees({ upstream: ['dy'] }),
    pure(),
    rejects(
      'an upstream gradient of another shape than y',
      [
        { table: toTensor([[1], [2]]), tokens: [0, 1], dy: toTensor([[1]]) },
        { table: toTensor([[1], [2]]), tokens: [[0, 1]], dy: toTensor([[1], [2]]) },
        { table: toTensor([[1], [2]]), tokens: [0, 1], dy: toTensor([1, 2]) },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    repeated,
    { ...repeated, tokens: [2, 0, 2, 2] },
    {
      ...repeated,
      tokens: [
        [2, 2],
        [0, 2],
      ],
      dy: repeated.dy.reshape(2, 2, 2),
    },
  ],
  misconceptions: {
    'last repeat wins': {
      wrong: (i) => scatter(i, (_old, now) => now),
      says: 'When a token comes twice, the second gradient overwrites the first. One row of the table served in both places, so the loss feels it through both.',
    },
    'first repeat wins': {
      wrong: (i) => scatter(i, (old, now, seen) => (seen > 0 ? old : now)),
      says: 'When a token comes again, its later gradients are thrown away. The row served in every one of those places.',
    },
    'mean over the repeats': {
      wrong: (i) => scatter(i, (old, now, seen) => (old * seen + now) / (seen + 1)),
      says: 'A token that comes three times gets the mean of its three gradients. Nudge its row by ε, and all three places move by ε: what happens to the loss then?',
    },
    'gradients in the order of the text': {
      wrong: ({ table, tokens, dy }) => {
        const [V, E] = table.shape as [number, number];
        const N = flatten(tokens).length;
        return new Tensor(
          [V, E],
          Float64Array.from({ length: V * E }, (_, k) => (k < N * E ? dy.data[k]! : 0)),
        );
      },
      says: 'Row n of dy lands in row n of dtable. It belongs to the row from which y was copied at that place: the token says which.',
    },
    'gradients in the order of the text, and from the top again': {
      wrong: (i) => {
        const V = i.table.shape[0]!;
        return scatter({ ...i, tokens: flatten(i.tokens).map((_, n) => n % V) }, (old, now) => old + now);
      },
      says: 'Row n of dy lands in row n of dtable, counted on from the top where the table ends. It belongs to the row from which y was copied at that place: the token says which.',
    },
    transposed: {
      wrong: (i) => scatter(i, (old, now) => old + now).T,
      says: 'dtable is (E, V). A gradient has the shape of its variable, and the table is (V, E).',
    },
    'only the rows that were used': {
      wrong: (i) => {
        const used = [...new Set(flatten(i.tokens))].sort((a, b) => a - b);
        return scatter(i, (old, now) => old + now).gather(used);
      },
      says: 'Your gradient has rows only for the tokens that came up. The table has V rows; those that were not read have a gradient too, and it is zero.',
    },
    'every row gets everything': {
      wrong: (i) => {
        const all = i.dy.reshape(-1, i.table.shape[1]!).sum(0);
        return i.table.mul(0).add(all);
      },
      says: 'All rows get the sum of dy. A row is touched only where its own token was read.',
    },
    'token 0 taken for none': {
      wrong: (i) => {
        const [V, E] = i.table.shape as [number, number];
        return scatter(i, (old, now) => old + now).mul(
          new Tensor(
            [V, E],
            Float64Array.from({ length: V * E }, (_, k) => (k < E ? 0 : 1)),
          ),
        );
      },
      says: 'Row 0 of dtable stays zero, though token 0 was read. In a condition such as if (token) the number 0 counts as "nothing there"; here it is a token like any other.',
    },
    'only as many places as times': {
      wrong: (i) => {
        const places = i.tokens.length;
        const E = i.table.shape[1]!;
        return scatter(
          { ...i, tokens: flatten(i.tokens).slice(0, places), dy: i.dy.reshape(-1, E).slice([0, places]) },
          (old, now) => old + now,
        );
      },
      says: 'Tokens in rows, (T, B), are T · B places, and your loop visits T of them. Count the tokens, not the rows of tokens.',
    },
    'places counted sequence by sequence': {
      wrong: (i) => {
        const places = toTensor(i.tokens);
        return scatter(
          { ...i, tokens: Array.from((places.rank === 2 ? places.T : places).data) },
          (old, now) => old + now,
        );
      },
      says: 'The gradients go to the wrong places of a batch: you count through one sequence after the other. In (T, B) and in dy the B sequences of one time lie side by side.',
    },
    'rows V apart': {
      wrong: ({ table, tokens, dy }) => {
        const [V, E] = table.shape as [number, number];
        const dtable = new Tensor([V, E], new Float64Array(V * E));
        flatten(tokens).forEach((token, n) => {
          for (let e = 0; e < E; e++) if (token * V + e < V * E) dtable.data[token * V + e]! += dy.data[n * E + e]!;
        });
        return dtable;
      },
      says: 'You write row v at v · V. A row of the table holds E numbers, so the next one begins E further: entry (v, e) stands at v · E + e.',
    },
    'divided by T': {
      wrong: (i) => scatter(i, (old, now) => old + now).div(i.tokens.length),
      says: 'Your gradient is divided by the number of times. The loss may be a mean, but then dy has the division in it already.',
    },
  },
  hints: [
    'Forward copies a row of the table to a place in y. Which numbers of the loss does that row reach, if its token comes three times?',
    'dy has one row of E numbers for every token; dtable has one for every word of the vocabulary, most of them zero.',
    'Start from zeros (V, E). For every place n: add row n of dy to row tokens_n of dtable. Add, for there may be something there already.',
    'tokens.data.forEach((token, n) => { for (let e = 0; e < E; e++) dtable.data[token * E + e] += dy.data[n * E + e]; });',
  ],
});

export const embedding = topic('embedding', 'From symbols to vectors', {
  oneHotEncode,
  embeddingForward,
  embeddingBackward,
});
