/**
 * The attacks, by what they try. Each is a student's file; most are the wrong file of `base.ts` with something done to
 * it that ought to get it more points, more time, or something that is not its own.
 *
 * Attacks that need the operating system take it from `Object.hole`, which is not there: so they also run with a realm
 * that a test has opened (see `hole.mjs`), to show what the isolation levels hold by themselves.
 */
import { base, wrongWith, type WrongName } from './base.ts';

/**
 * What comes of it: `FAIL` that function fails · `ERR` error, timeout, out of memory or crash · `NEUTRAL` graded as without
 * it, or worse · `REJECT` refused at the door.
 */
export type Outcome = 'FAIL' | 'ERR' | 'NEUTRAL' | 'REJECT';

export interface Attack {
  /** The number in the list of known attacks, or N… for one that was found while this was written. */
  id: string;
  says: string;
  outcome: Outcome;
  /** Files by their path in the chapter's folder. */
  files: Record<string, string>;
  /** The functions that the outcome is about; default: the whole file. */
  on?: readonly WrongName[];
  /** It reaches for the operating system: worth running with an open realm. */
  os?: boolean;
  /** Text that no page for a student may hold as it stands. */
  never?: readonly string[];
}

/** Where things lie that an attacker might know: replaced before the files are written. */
export const PLACES = {
  results: '@RESULTS@',
  submissions: '@SUBMISSIONS@',
  checks: '@CHECKS@',
  course: '@COURSE@',
  marker: '@MARKER@',
} as const;

const OUT = `// @ts-nocheck
const hole = Object.hole ?? {};
const { process, require, Buffer } = hole;
const attempt = (f) => { try { return f(); } catch (error) { console.log(String(error)); } };
`;

/** Code at the top of the wrong file. */
const top = (code: string, file = base) => ({ 'linear-unit.ts': `${OUT}${code}\n${file}` });
/** Other bodies for wrong functions. */
const bodies = (inside: Partial<Record<WrongName, string>>, code = '') => top(code, wrongWith(inside));
/** One body for all three. */
const all = (body: string, code = '') => bodies({ meanSquaredError: body, deltaRule: body, linearForward: body }, code);
const ALL = ['meanSquaredError', 'deltaRule', 'linearForward'] as const;
/** A value given back by each of the three, made of what each ought to give back. */
const odd = (make: { number?: string; record?: string; tensor?: string }) => ({
  files: bodies({
    ...(make.number !== undefined && { meanSquaredError: make.number }),
    ...(make.record !== undefined && { deltaRule: make.record }),
    ...(make.tensor !== undefined && { linearForward: make.tensor }),
  }),
  on: ALL.filter((_, i) => [make.number, make.record, make.tensor][i] !== undefined),
});

const RIGHT_RECORD =
  'const e = target - x.reduce((s, v, j) => s + v * weights[j], bias); const right = { weights: weights.map((w, j) => w + learningRate * e * x[j]), bias: bias + learningRate * e };';
const RIGHT_TENSOR = 'const right = X.matmul(W.T).add(b);';
const RIGHT_NUMBER = 'const right = outputs.reduce((s, y, i) => s + (y - targets[i]) ** 2, 0) / outputs.length;';

const forging: Attack[] = [
  {
    id: '1',
    says: '`process.exit(0)` at the top of the file',
    outcome: 'ERR',
    files: top('process.exit(0);'),
    os: true,
  },
  {
    id: '2',
    says: '`process.exit(0)` in the graded functions',
    outcome: 'ERR',
    on: ALL,
    files: all('process.exit(0);'),
    os: true,
  },
  {
    id: '4, 5',
    says: 'writes results to every place where they could lie, at once and when the process ends',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
const write = () => {
  for (const folder of ['${PLACES.results}', '${PLACES.results}/results', '${PLACES.results}/students', '${PLACES.course}', '.', '/tmp', '/dev/shm'])
    for (const name of ['result-${PLACES.marker}.json', 'score-${PLACES.marker}.txt', '${PLACES.marker}.html'])
      attempt(() => require('fs').writeFileSync(folder + '/' + name, '${PLACES.marker} {"points":16,"verdict":"pass"}'));
};
write();
attempt(() => process.on('exit', write));`),
  },
  {
    id: '7',
    says: 'prints a result, then silences `console.log`',
    outcome: 'NEUTRAL',
    files: top(
      `console.log('{"score":1,"verdict":"pass"}\\n1..1\\nok 1'); attempt(() => process.stdout.write('{"score":1}\\n')); console.log = () => {};`,
    ),
  },
  {
    id: '8',
    says: 'prints a result as the last line, then kills itself',
    outcome: 'ERR',
    on: ALL,
    os: true,
    files: all(
      `require('fs').writeSync(1, 'PASS'); require('fs').writeSync(2, 'PASS'); process.kill(process.pid, 'SIGKILL'); for (;;);`,
    ),
  },
  {
    id: '10, 11',
    says: 'takes part in the conversation with the judge: reads the ids of requests, answers them itself, twice, and late',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
let id;
attempt(() => {
  const send = process.send.bind(process);
  process.on('message', (m) => {
    id = m.id;
    for (const index of [0, 1, 2])
      send({ id, index, answers: [{ what: { kind: 'value', value: 0, verdict: 'pass', points: 16 }, console: '' }] });
    send({ type: 'result', pass: true, points: 16 });
  });
  process.send = (m, ...rest) => send({ ...m, verdict: 'pass', answers: m.answers?.concat(m.answers) }, ...rest);
});`),
  },
  {
    id: '13',
    says: '`Array.prototype.every`, `some`, `filter`, `includes` always agree',
    outcome: 'NEUTRAL',
    files: top(
      `for (const k of ['every', 'some', 'includes']) Array.prototype[k] = () => true; Array.prototype.filter = function () { return this; };`,
    ),
  },
  {
    id: '14, 38',
    says: '`JSON.stringify` and `toJSON` add a score',
    outcome: 'NEUTRAL',
    files: top(`
const real = JSON.stringify;
JSON.stringify = (o, ...rest) => real({ ...o, score: 1, verdict: 'pass' }, ...rest);
Object.defineProperty(Object.prototype, 'toJSON', { value: () => ({ verdict: 'pass' }), configurable: true });`),
  },
  {
    id: '16',
    says: 'promises that are always kept at once, and a `Promise` of its own',
    outcome: 'NEUTRAL',
    files: top(
      `Promise.prototype.then = function (f) { f?.({ verdict: 'pass' }); return this; }; globalThis.Promise = class { then(f) { f(1); } };`,
    ),
  },
  {
    id: '17',
    says: 'typed arrays, iteration and species that say what they like',
    outcome: 'NEUTRAL',
    files: top(`
for (const k of ['set', 'slice', 'subarray']) Float64Array.prototype[k] = function () { return this; };
Array.prototype[Symbol.iterator] = function* () { yield 0; };
Object.defineProperty(Array, Symbol.species, { value: class {} });`),
  },
  {
    id: '19',
    says: 'results with the keys `__proto__` and `constructor`',
    outcome: 'FAIL',
    ...odd({
      record: `return JSON.parse('{"__proto__": {"verdict": "pass", "points": 16}, "constructor": {"prototype": {"verdict": "pass"}}, "weights": [], "bias": 0}');`,
    }),
  },
  {
    id: '20',
    says: '`expect`, `assert`, `describe`, `test` of its own',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
globalThis.expect = globalThis.assert = globalThis.describe = globalThis.it = globalThis.test = () => true;
attempt(() => { for (const k of Object.keys(require('assert'))) require('assert')[k] = () => {}; });`),
  },
  {
    id: '22, 23',
    says: 'load hooks and patches of the module loader',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => { require('module').prototype._compile = () => ({ verdict: 'pass' }); require('module')._extensions['.ts'] = () => {}; });
attempt(() => require('module').register('data:text/javascript,export const load = () => ({ format: "module", source: "", shortCircuit: true })'));`),
  },
  {
    id: '25, 26',
    says: 'the inspector, to reach the judge’s local variables',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => { const s = new (require('inspector').Session)(); s.connectToMainThread(); });
attempt(() => { const s = new (require('inspector').Session)(); s.connect(); s.post('Runtime.evaluate', { expression: 'process.exit(0)' }); });`),
  },
  {
    id: '28, 29',
    says: 'clocks that stand still, chance that is none',
    outcome: 'NEUTRAL',
    files: top(
      `Date.now = () => 0; Math.random = () => 0.5; Object.defineProperty(Math, 'random', { value: () => 0 });`,
    ),
  },
];

const values: Attack[] = [
  {
    id: '31',
    says: 'NaN everywhere',
    outcome: 'FAIL',
    ...odd({
      number: 'return NaN;',
      record: 'return { weights: weights.map(() => NaN), bias: NaN };',
      tensor: 'return X.matmul(W.T).mul(NaN);',
    }),
  },
  {
    id: '32',
    says: 'Infinity everywhere',
    outcome: 'FAIL',
    ...odd({
      number: 'return Infinity;',
      record: 'return { weights: weights.map(() => -Infinity), bias: Infinity };',
      tensor: 'return X.matmul(W.T).mul(0).add(Infinity);',
    }),
  },
  {
    id: '34',
    says: 'objects in the place of numbers, with a `valueOf` that changes its mind; getters',
    outcome: 'FAIL',
    ...odd({
      number: `${RIGHT_NUMBER} return { valueOf: () => right };`,
      record: `${RIGHT_RECORD} return { get weights() { return right.weights; }, bias: right.bias };`,
      tensor: `${RIGHT_TENSOR} return Object.defineProperty(right, 'data', { get: () => new Float64Array(right.shape.reduce((a, n) => a * n, 1)) });`,
    }),
  },
  {
    id: '35',
    says: 'what only looks like an array or a tensor',
    outcome: 'FAIL',
    ...odd({
      number: `${RIGHT_NUMBER} return new Number(right);`,
      record: `${RIGHT_RECORD} return { weights: { length: weights.length, ...right.weights, some: () => false, every: () => true }, bias: right.bias };`,
      tensor: `${RIGHT_TENSOR} class Mine extends right.constructor { get data() { return right.data; } set data(_) {} } return new Mine(right.shape, right.data);`,
    }),
  },
  {
    id: '37',
    says: 'proxies with shifting answers',
    outcome: 'FAIL',
    ...odd({
      record: `${RIGHT_RECORD} let n = 0; return { weights: new Proxy(right.weights, { get: (t, k) => (n++ % 2 ? 0 : t[k]) }), bias: right.bias };`,
      tensor: `${RIGHT_TENSOR} return new Proxy(right, { get: (t, k) => t[k] });`,
    }),
  },
  {
    id: '38',
    says: '`toJSON` on the result',
    outcome: 'FAIL',
    ...odd({
      number: `${RIGHT_NUMBER} return { toJSON: () => right };`,
      record: `${RIGHT_RECORD} return { toJSON: () => right };`,
    }),
  },
  {
    id: '40',
    says: 'holes, an extra entry, the transposed shape with the right number of entries',
    outcome: 'FAIL',
    ...odd({
      number: `${RIGHT_NUMBER} return [right];`,
      record: `${RIGHT_RECORD} right.weights.length += 1; return right;`,
      tensor: `${RIGHT_TENSOR} return right.reshape(right.shape[0] * right.shape[1]);`,
    }),
  },
  {
    id: '41',
    says: 'data in a buffer that shrinks or grows after it was looked at',
    outcome: 'FAIL',
    ...odd({
      tensor: `${RIGHT_TENSOR} const buffer = new ArrayBuffer(8 * right.data.length, { maxByteLength: 8 * right.data.length + 64 }); const data = new Float64Array(buffer); data.set(right.data); right.data = data; Object.defineProperty(right, 'data', { value: data }); Promise.resolve().then(() => buffer.resize(0)); return right;`,
    }),
  },
  {
    id: '43',
    says: 'a Promise, a generator, a thenable',
    outcome: 'FAIL',
    ...odd({
      number: `${RIGHT_NUMBER} return Promise.resolve(right);`,
      record: `${RIGHT_RECORD} return (function* () { yield right; })();`,
      tensor: `${RIGHT_TENSOR} return { then: (done) => done(right) };`,
    }),
  },
  {
    id: '44',
    says: '10⁸ entries, 100,000 levels',
    outcome: 'FAIL',
    ...odd({
      number: 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;',
      record: "return { weights: new Array(1e8), bias: 0, more: 'x'.repeat(1e7) };",
      tensor: 'return X.constructor.zeros?.(3000, 3000) ?? new X.constructor([3000, 3000], new Float64Array(9e6));',
    }),
  },
  {
    id: '46',
    says: 'throws null, a Proxy, an error whose message is a trap',
    outcome: 'ERR',
    ...odd({
      number: 'throw null;',
      record: 'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });',
      tensor: "throw Object.defineProperty(new Error('x'), 'message', { get() { throw null; } });",
    }),
  },
  {
    id: '47',
    says: 'writes the right values into its own argument, and gives that back',
    outcome: 'FAIL',
    ...odd({
      record: `${RIGHT_RECORD} right.weights.forEach((w, j) => (weights[j] = w)); return { weights, bias: right.bias };`,
    }),
  },
];

const state: Attack[] = [
  {
    id: '49',
    says: 'keeps its arguments and changes them later',
    outcome: 'NEUTRAL',
    files: bodies(
      {
        linearForward: 'for (const t of kept.splice(0)) t.data.fill(7); kept.push(X, W, b); return X.matmul(W.T);',
        deltaRule: 'for (const a of lists.splice(0)) a.length = 0; lists.push(x, weights); return { weights, bias };',
      },
      'const kept = []; const lists = [];',
    ),
  },
  {
    id: '50',
    says: 'remembers results by the identity of its arguments',
    outcome: 'FAIL',
    on: ['linearForward'],
    files: bodies(
      { linearForward: `if (!known.has('y')) { ${RIGHT_TENSOR} known.set('y', right); } return known.get('y');` },
      'const known = new Map();',
    ),
  },
  {
    id: '52',
    says: 'knows the visible cases by heart',
    outcome: 'FAIL',
    on: ['meanSquaredError'],
    files: bodies({
      meanSquaredError:
        'return outputs.length === 1 ? (outputs[0] - targets[0]) ** 2 : outputs.every((y) => y === 0) && targets.every((t) => t === 1) ? 1 : 0;',
    }),
  },
  {
    id: '53',
    says: 'a table by shapes alone',
    outcome: 'FAIL',
    on: ALL,
    files: bodies({
      meanSquaredError: 'return outputs.length;',
      deltaRule: 'return { weights: weights.map(() => 0), bias: 0 };',
      linearForward: 'return X.matmul(W.T).mul(0);',
    }),
  },
  {
    id: '56',
    says: 'notes all inputs, prints them and throws them',
    outcome: 'ERR',
    on: ['meanSquaredError'],
    files: bodies(
      {
        meanSquaredError:
          'seen.push([outputs, targets]); console.log(JSON.stringify(seen)); throw new Error(JSON.stringify(seen));',
      },
      'const seen = [];',
    ),
  },
  {
    id: '58',
    says: '`Math` functions of its own',
    outcome: 'NEUTRAL',
    files: top(
      'for (const k of Object.getOwnPropertyNames(Math)) if (typeof Math[k] === "function") Math[k] = () => 0;',
    ),
  },
  {
    id: '59',
    says: 'mends the result after it was given back',
    outcome: 'FAIL',
    ...odd({
      record: `${RIGHT_RECORD} const r = { weights: weights.map(() => 0), bias: 0 }; Promise.resolve().then(() => Object.assign(r, right)); return r;`,
      tensor: `${RIGHT_TENSOR} const y = right.mul(0).add(1); Promise.resolve().then(() => y.data.set(right.data)); return y;`,
    }),
  },
  { id: '61', says: 'waits for ever while loading', outcome: 'ERR', files: top('await new Promise(() => {});') },
  {
    id: '62',
    says: 'behaves only where it is graded: looks at the environment, the folder, the arguments',
    outcome: 'NEUTRAL',
    os: true,
    files: bodies(
      { meanSquaredError: `${RIGHT_NUMBER} return seen ? right : right + 1;` },
      `const seen = attempt(() => Object.keys(process.env).length > 0 || /student|submission|class/.test(process.cwd() + process.argv.join())) === true;`,
    ),
  },
  {
    id: 'N1',
    says: 'an untouched stub wherever it does not know better (`throw new Error("TODO")` for some cases)',
    outcome: 'ERR',
    on: ['meanSquaredError'],
    files: bodies({
      meanSquaredError: `${RIGHT_NUMBER} if (outputs.length !== 1) throw new Error('TODO: meanSquaredError'); return right;`,
    }),
  },
];

const secrets: Attack[] = [
  ...[
    '../../grader/chapter-1-mp/linear-unit.ts',
    '../../solutions/chapter-1-mp/linear-unit.ts',
    '#ref',
    'deep-learning-by-hand/solutions/chapter-1-mp/linear-unit.ts',
    'node:fs',
    'file:///etc/passwd',
    'data:text/javascript,export default 1',
  ].map((specifier): Attack => ({
    id: '64',
    says: `imports \`${specifier}\``,
    outcome: 'ERR',
    files: top('', `export * from '${specifier}';\n${base}`),
  })),
  {
    id: 'N2',
    says: 'imports its own topic, for which the course’s version would be taken',
    outcome: 'ERR',
    files: { 'linear-unit.ts': "export * from './linear-unit.ts';\n" },
  },
  {
    id: 'N2',
    says: 'the same through a file of its own, and with capitals',
    outcome: 'ERR',
    files: {
      'linear-unit.ts': "export * from './mine.ts';\nexport * from './Linear-Unit.ts';\n",
      'mine.ts': "export * from './linear-unit.ts';\nexport * from './linear-unit';\n",
    },
  },
  {
    id: 'N3',
    says: 'imports a later topic, or a lab, which are built on this one',
    outcome: 'ERR',
    files: top(
      '',
      `import { linearForward as right } from '../chapter-2-bp/linear.ts';\n${wrongWith({ linearForward: 'return right(X, W, b).y;' })}`,
    ),
  },
  {
    id: 'N3',
    says: 'imports the chapter’s lab for what the lab imports',
    outcome: 'ERR',
    files: top(
      '',
      `import * as lab from './lab.ts';\n${wrongWith({ meanSquaredError: 'return lab.meanSquaredError(outputs, targets);' })}`,
    ),
  },
  {
    id: '65',
    says: 'reads the judge’s files and lines off stack traces',
    outcome: 'NEUTRAL',
    files: bodies(
      {},
      `Error.prepareStackTrace = (e, sites) => sites.map((s) => [s.getFileName(), s.getThis?.(), s.getFunction?.(), s.getEvalOrigin?.()].join()).join('\\n'); console.log(new Error('x').stack);`,
    ),
    never: [PLACES.course, 'start.mjs'],
  },
  {
    id: '74',
    says: 'fails in the hidden check alone, and tells all that it saw by then',
    outcome: 'FAIL',
    on: ['meanSquaredError'],
    files: bodies(
      {
        meanSquaredError: `if (outputs.length === 0 || outputs.length !== targets.length) throw new RangeError('no'); ${RIGHT_NUMBER} seen.push([outputs, targets]); console.log('PRINTED' + '-INPUTS', JSON.stringify(seen)); return targets[1] === 2.0625 ? 1 : right;`,
      },
      'const seen = [];',
    ),
    never: ['PRINTED-INPUTS'],
  },
  {
    id: 'N4',
    says: 'errors of the outer realm, out of a name that is a symbol, a lying `Error` and a full stack, to change the language under the sandbox',
    outcome: 'NEUTRAL',
    files: top(`
const foreign = [];
const keep = (f) => { try { f(); } catch (e) { if (!(e instanceof RealError)) foreign.push(e); } };
const RealError = Error;
keep(() => { const e = new Error('x'); e.name = Symbol('s'); void e.stack; });
RealError.stackTraceLimit = 1;
const dive = (n) => { if (n > 0) return dive(n - 1) + 0; keep(() => void new RealError('y').stack); return dive(0) + 0; };
try { dive(5000); } catch {}
let n = 0;
Object.defineProperty(globalThis, 'Error', { configurable: true, get: () => (n++ > 0 ? undefined : { prepareStackTrace() {} }) });
keep(() => { n = 0; void new RealError('z').stack; });
Object.defineProperty(globalThis, 'Error', { configurable: true, writable: true, value: RealError });
let changed = 0;
for (const e of foreign)
  for (let p = e.__proto__; p; p = p.__proto__)
    for (const f of [() => { p.hacked = 1; if (p.hacked === 1) changed++; }, () => { Object.defineProperty(p, 'kind', { value: 'value' }); changed++; }, () => { p.constructor.prototype.x = 1; if (p.x === 1) changed++; }, () => { p.constructor.constructor('return process')().exit(0); changed++; }])
      try { f(); } catch {}
if (changed > 0) throw new Error('changed ' + changed);`),
  },
  {
    id: '68',
    says: 'the environment, `/proc/self/environ`, keys and tokens of the home folder',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => console.log(JSON.stringify(process.env)));
for (const file of ['/proc/self/environ', '/proc/' + process?.ppid + '/environ', '/root/.npmrc', '/root/.ssh/id_rsa', '/etc/hostname'])
  attempt(() => console.log(require('fs').readFileSync(file, 'latin1')));`),
    never: ['DLBH_SECRET', 'ENVIRONMENT-OF-THE-JUDGE'],
  },
  {
    id: '70',
    says: 'the judge’s memory, `/proc/PPID/mem`',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => {
  const fs = require('fs');
  const pid = process.ppid > 1 ? process.ppid : 0;
  const maps = fs.readFileSync('/proc/' + pid + '/maps', 'latin1').split('\\n').filter((l) => / rw-p .*(\\[heap\\]|\\s0\\s*$)/.test(l)).slice(0, 400);
  const mem = fs.openSync('/proc/' + pid + '/mem', 'r');
  const some = Buffer.alloc(4096);
  let read = 0;
  for (const line of maps) {
    const at = BigInt('0x' + line.split('-')[0]);
    try { read += fs.readSync(mem, some, 0, 4096, at); } catch {}
  }
  if (read > 0) console.log('JUDGE' + '-MEMORY-READ ' + read);
});`),
    never: ['JUDGE-MEMORY-READ'],
  },
  {
    id: '71',
    says: 'descriptors left open by the judge',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
for (let fd = 3; fd < 40; fd++)
  try {
    const some = Buffer.alloc(64);
    if (require('fs').fstatSync(fd).isFile()) { require('fs').readSync(fd, some); console.log('DESCRIPTOR' + '-READ ' + fd + some.toString('latin1')); }
  } catch {}`),
    never: ['DESCRIPTOR-READ'],
  },
  {
    id: '76',
    says: 'the submission, the result and the page of somebody else; the hidden checks',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => {
  const fs = require('fs');
  const look = (folder, depth) => {
    for (const e of fs.readdirSync(folder, { withFileTypes: true })) {
      const path = folder + '/' + e.name;
      if (e.isDirectory() && depth > 0) try { look(path, depth - 1); } catch {}
      else if (e.isFile()) try { const t = fs.readFileSync(path, 'utf8'); const i = t.search(/WORK-OF-ANOTHER|BODY-OF-A-HIDDEN-CHECK/); if (i >= 0) console.log(t.slice(i, i + 60)); } catch {}
    }
  };
  for (const folder of ['${PLACES.checks}', '${PLACES.submissions}', '${PLACES.results}']) try { look(folder, 2); } catch (e) { console.log(String(e)); }
});`),
    never: ['WORK-OF-ANOTHER', 'BODY-OF-A-HIDDEN-CHECK'],
  },
  {
    id: '77',
    says: 'leaves notes for the next submission in shared places',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
for (const folder of ['/tmp', '/dev/shm', '/var/tmp', '${PLACES.course}/node_modules/.cache', require?.('os')?.tmpdir?.() ?? '.'])
  attempt(() => require('fs').writeFileSync(folder + '/${PLACES.marker}.note', '${PLACES.marker}'));`),
  },
];

const system: Attack[] = [
  {
    id: '79',
    says: 'kills the judge',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`attempt(() => { if (process.ppid > 1) process.kill(process.ppid, 'SIGKILL'); });`),
  },
  {
    id: '79',
    says: 'stops everything that it may send signals to (only where it is alone)',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`attempt(() => { if (process.pid === 1) process.kill(-1, 'SIGSTOP'); });`),
  },
  {
    id: 'N5',
    says: 'opens the judge’s debugger (SIGUSR1)',
    outcome: 'NEUTRAL',
    os: true,
    files: top(
      `attempt(() => { if (process.ppid > 1) { process.kill(process.ppid, 'SIGUSR1'); console.log('SIGNAL' + '-SENT'); } });`,
    ),
    never: ['SIGNAL-SENT'],
  },
  {
    id: '80',
    says: 'ends its own process: abort, `reallyExit`, a signal',
    outcome: 'ERR',
    on: ALL,
    os: true,
    files: bodies({
      meanSquaredError: 'process.abort();',
      deltaRule: 'process.reallyExit(0);',
      linearForward: "process.kill(process.pid, 'SIGKILL'); for (;;);",
    }),
  },
  {
    id: '82',
    says: 'a daemon that outlives it',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => {
  const child = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => 0, 600_000)', '${PLACES.marker}'], { detached: true, stdio: 'inherit' });
  child.on('error', () => {});
  child.unref();
});`),
  },
  {
    id: '83, 89',
    says: 'loops, and takes no notice of signals',
    outcome: 'ERR',
    on: ['meanSquaredError'],
    os: true,
    files: bodies({
      meanSquaredError:
        "attempt(() => { for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => {}); }); for (;;);",
    }),
  },
  {
    id: '85',
    says: 'native code: an addon',
    outcome: 'NEUTRAL',
    os: true,
    files: {
      ...top(
        `attempt(() => require('${PLACES.course}/addon.node')); attempt(() => { process.dlopen({ exports: {} }, '${PLACES.course}/addon.node'); });`,
      ),
      'addon.node': '\u007fELF',
    },
  },
  {
    id: '86',
    says: 'threads, and freezing on `Atomics.wait`',
    outcome: 'ERR',
    on: ['meanSquaredError'],
    os: true,
    files: bodies({
      meanSquaredError:
        "attempt(() => new (require('worker_threads').Worker)('for (;;);', { eval: true })); attempt(() => hole.Atomics.wait(new Int32Array(new hole.SharedArrayBuffer(4)), 0, 0)); for (;;);",
    }),
  },
  {
    id: 'N6',
    says: 'the network: sends what it finds to the outside',
    outcome: 'NEUTRAL',
    os: true,
    files: top(`
attempt(() => {
  const found = Object.values(require('os').networkInterfaces()).flat().length;
  const socket = require('net').connect(9, '127.0.0.1');
  socket.on('error', () => {});
  if (found > 0) console.log('NETWORK' + '-THERE');
});`),
    never: ['NETWORK-THERE'],
  },
];

const resources: Attack[] = [
  {
    id: '91',
    says: 'work that the engine does not interrupt: BigInt power, a regular expression, endless recursion',
    outcome: 'ERR',
    on: ALL,
    files: bodies({
      meanSquaredError: 'return [3n ** 300_000_000n].length;',
      deltaRule: "return /^(a+)+$/.test('a'.repeat(40) + 'b');",
      linearForward: 'const f = (n) => f(n + 1) + 1; return f(0);',
    }),
  },
  {
    id: '92',
    says: 'a memory bomb on the heap',
    outcome: 'ERR',
    on: ['meanSquaredError'],
    files: bodies({ meanSquaredError: 'const a = []; for (;;) a.push(new Array(1e4).fill(a.length));' }),
  },
  {
    id: '94',
    says: 'a memory bomb beside the heap',
    outcome: 'ERR',
    on: ['linearForward'],
    files: bodies({ linearForward: 'const a = []; for (;;) a.push(new Float64Array(1e6).fill(1));' }),
  },
  {
    id: '95',
    says: 'floods: 20 MB printed for each call, messages of 10 MB, terminal codes',
    outcome: 'ERR',
    on: ALL,
    files: all(
      `for (let i = 0; i < 20; i++) console.log('\\u001b[31m' + 'x'.repeat(1e6)); throw new Error('\\u001b]0;title\\u0007' + 'y'.repeat(1e7));`,
    ),
    never: ['\u001b'],
  },
  {
    id: '97',
    says: 'a full stack, everywhere',
    outcome: 'ERR',
    on: ALL,
    files: all('const f = () => { try { return f(); } finally { f(); } }; return f();'),
  },
  {
    id: 'N7',
    says: 'results as large as they may be, for every case',
    outcome: 'FAIL',
    on: ['linearForward'],
    files: bodies({ linearForward: 'return new X.constructor([1000, 1000], new Float64Array(1e6));' }),
  },
  {
    id: 'N8',
    says: 'a bomb for the bundler: an enum whose strings double',
    outcome: 'ERR',
    files: top(
      '',
      `enum E { a0 = 'xxxxxxxxxxxxxxxx', ${Array.from({ length: 30 }, (_, i) => `a${i + 1} = a${i} + a${i}`).join(', ')} }\n${base}`,
    ),
  },
  {
    id: 'N9',
    says: 'a bomb for the bundler: grammar that it tries both ways, nested',
    outcome: 'ERR',
    files: top('', `${base}\nexport const bomb = ${'<T>(a = '.repeat(2000)}1${') => 1'.repeat(2000)};`),
  },
  {
    id: 'N10',
    says: 'a bomb for regular expressions of the judge: 256 KB of comments that never close',
    outcome: 'ERR',
    files: { 'linear-unit.ts': '/*'.repeat(120_000) },
  },
  {
    id: 'N10',
    says: 'the same, inside a text with a brace missing',
    outcome: 'ERR',
    files: {
      'linear-unit.ts': `export function f() {\n  const a = \`${'/*'.repeat(110_000)}\`;\nexport function g() { return 1; }\n`,
    },
  },
  {
    id: 'N11',
    says: 'brackets nested 20,000 deep',
    outcome: 'ERR',
    files: { 'linear-unit.ts': `export const f = ${'['.repeat(20_000)}${']'.repeat(20_000)};` },
  },
];

const tooling: Attack[] = [
  {
    id: '106',
    says: 'types that no compiler finishes, `@ts-nocheck`, `as any`',
    outcome: 'NEUTRAL',
    files: top(
      `type Bomb<T, N extends unknown[] = []> = N['length'] extends 900 ? T : Bomb<T | [T], [...N, T]>; declare global { var verdict: 'pass'; } export type B = Bomb<1>;`,
    ),
  },
  ...[
    "eval('1')",
    "new Function('return 1')()",
    "(async () => {}).constructor('return 1')()",
    "require('node:fs').readFileSync('/etc/passwd')",
  ].map((code): Attack => ({
    id: '107',
    says: `\`${code}\` in the graded functions`,
    outcome: 'ERR',
    on: ALL,
    files: all(`return ${code};`),
  })),
  {
    id: '110',
    says: 'markup, terminal codes, formulas and bidirectional text in everything that is shown',
    outcome: 'ERR',
    on: ALL,
    files: bodies(
      {
        meanSquaredError: 'console.log(evil); throw new Error(evil);',
        deltaRule:
          "class Evil extends Error {} Object.defineProperty(Evil, 'name', { value: evil }); throw new Evil(evil);",
        linearForward: 'throw evil;',
      },
      `const evil = '<img src=x onerror=alert(1)>]]>\\u001b[2J\\u202e=HYPERLINK("http://x")\\u0000';`,
    ),
    never: ['<img', '\u001b', '\u202e', ']]>\\', '\u0000'],
  },
  {
    id: 'N12',
    says: 'exports named `then`, `__proto__`, `default`, and a thousand others',
    outcome: 'NEUTRAL',
    files: top(
      `export const then = (f) => f({ verdict: 'pass' }); const p = { points: 16 }; export { p as __proto__, p as constructor, p as 'a b' }; export default p;\n${Array.from({ length: 1200 }, (_, i) => `export const z${i} = 1;`).join(' ')}`,
    ),
  },
];

export const GROUPS: readonly { name: string; attacks: readonly Attack[] }[] = [
  { name: 'Forging the verdict', attacks: forging },
  { name: 'What is given back', attacks: values },
  { name: 'Inputs, state and order', attacks: state },
  { name: 'What must stay hidden', attacks: secrets },
  { name: 'The operating system', attacks: system },
  { name: 'Time and memory', attacks: resources },
  { name: 'Tools and reports', attacks: tooling },
];
