import { describe, expect, it } from 'vitest';
import { renderOverview, renderReport } from '../../grader/reports/terminal.ts';
import { widthOf } from '../../grader/reports/wrap.ts';
import type { Shown, Verdict } from '../../grader/engine/report.ts';
import { check, exercise, failing, matrix, report, scaled, topic } from './reports.ts';

// eslint-disable-next-line no-control-regex -- colours are control characters
const plain = (text: string) => text.replace(/\u001b\[\d+m/g, '');

/** Text as written below, without the indentation of the test. */
function text(parts: TemplateStringsArray): string {
  const all = parts.raw[0]!.split('\n').slice(0, -1);
  const margin = Math.min(...all.filter((l) => l.trim()).map((l) => /^ */.exec(l)![0].length));
  return all.map((l) => l.slice(margin)).join('\n') + '\n';
}

describe('a failure', () => {
  it('says what, where, why and what next, at 80 columns', () => {
    expect(renderReport(scaled)).toBe(text`
      chapter-5 · attention                                              2 of 6 points

        ✓ attention           7 checks
        ✗ attentionBackward   the gradient of k is wrong

          For this input (the smallest found):
            q (1, 2)  [ 0.5  -1 ]    upstream (1, 1)  [ 1 ]
            k (2, 2)  [ 1  0 ]       v (2, 1)         [ 2 ]
                      [ 0  1 ]                        [ 0 ]

                     yours (* wrong)          expected
          dk (2, 2)  [  0.191*  -0.3821* ]    [  0.1351  -0.2702 ]
                     [ -0.191*   0.2702  ]    [ -0.1351   0.2702 ]

            every entry is 1.41421 times too large: that is √d_k

          Looks like: the scale is in the forward pass but not in the gradient of k.

          Hint 1 of 3: npm run hint chapter-5/attention/attentionBackward
          Only this case:
            npm run grade chapter-5/attention/attentionBackward -- --case 0.3:1

        · multiHeadAttention  not started

      2 of 6 points. Next: attentionBackward in
      chapters/chapter-5-transformer/attention.ts
    `);
  });

  it('says the same at 40 columns', () => {
    expect(renderReport(scaled, { width: 40 })).toBe(text`
      chapter-5 · attention      2 of 6 points

        ✓ attention           7 checks
        ✗ attentionBackward   the gradient of
                              k is wrong

          For this input (the smallest found):
            q (1, 2)         [ 0.5  -1 ]
            upstream (1, 1)  [ 1 ]
            k (2, 2)         [ 1  0 ]
                             [ 0  1 ]
            v (2, 1)         [ 2 ]
                             [ 0 ]

          dk (2, 2), yours (* wrong):
            [  0.191*  -0.3821* ]
            [ -0.191*   0.2702  ]
          expected:
            [  0.1351  -0.2702 ]
            [ -0.1351   0.2702 ]

            every entry is 1.41421 times too
            large: that is √d_k

          Looks like: the scale is in the
          forward pass but not in the gradient
          of k.

          Hint 1 of 3:
      npm run hint \
      chapter-5/attention/attentionBackward
          Only this case:
      npm run grade \
      chapter-5/attention/attentionBackward \
      -- --case 0.3:1

        · multiHeadAttention  not started

      2 of 6 points. Next: attentionBackward
      in
      chapters/chapter-5-transformer/
      attention.ts
    `);
  });

  it('is the same text with colours, only with colours', () => {
    const coloured = renderReport(scaled, { colour: true });
    expect(coloured).not.toBe(plain(coloured));
    expect(plain(coloured)).toBe(renderReport(scaled));
    expect(coloured).toContain('\u001b[31m✗\u001b[39m');
    expect(coloured).toContain('\u001b[31m  0.191*\u001b[39m'.replace('  ', ' '));
  });

  it('uses only ASCII of its own on a terminal that has nothing else', () => {
    const ascii = renderReport(report([topic([failing('f', { sentence: 'wrong' })])]), { unicode: false });
    expect(ascii).toMatch(/^[\n\x20-\x7e]*$/);
    expect(ascii).toContain('  x f  wrong');
  });

  it('shows the error, its place and its line', () => {
    const at = { file: 'chapter-5-transformer/attention.ts', line: 12, column: 10, text: '  return q.foo(k);' };
    const problem = { verdict: 'error', message: 'TypeError: q.foo is not a function', at } as const;
    expect(renderReport(report([topic([failing('f', { sentence: 'throws an error', problem })])]))).toContain(text`
          TypeError: q.foo is not a function
            at chapters/chapter-5-transformer/attention.ts:12:10
            12 │ return q.foo(k);
               │        ^
    `.replace(/^\n/, '').replaceAll(/^/gm, '    ').trimEnd()); // prettier-ignore
  });

  it('shows the place within a line that is too long', () => {
    const source = `  const x = ${'a + '.repeat(60)}boom(1) + ${'b + '.repeat(40)}1;`;
    const at = { file: 'a.ts', line: 1, column: source.indexOf('boom') + 1, text: source };
    const problem = { verdict: 'error', message: 'Error: boom', at } as const;
    const out = renderReport(report([topic([failing('f', { sentence: 'throws an error', problem })])])).split('\n');
    const line = out.findIndex((l) => l.includes('boom(1)'));
    expect(out[line]!.indexOf('boom')).toBe(out[line + 1]!.indexOf('^'));
    expect(Math.max(...out.map(widthOf))).toBeLessThanOrEqual(80);
  });

  it('shows what the code printed, capped and without control characters', () => {
    const printed = `\u001b[2Jhello\u0007\n${Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n')}\n`;
    const out = renderReport(report([topic([failing('f', {}, { console: printed })])]));
    expect(out).toContain('    Printed by your code:\n      │ hello\n      │ line 0\n');
    expect(out).toContain('      │ line 9\n      │ … 30 more lines\n');
    expect(out).not.toContain('line 10');
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/); // eslint-disable-line no-control-regex
  });

  it('names the seed where it is not the usual one, and the flags that were given', () => {
    const out = renderReport(report([topic([failing('f', {})])], { seed: 7 }), { flags: ['--solutions'] });
    expect(out).toContain('npm run grade chapter-5/attention/f -- --solutions --seed 7 --case 0.3:1');
  });

  it('is shown in full twice in a topic, and then in a line', () => {
    const out = renderReport(report([topic(['a', 'b', 'c', 'd'].map((n) => failing(n, {})))]));
    expect(out.match(/Hint 1 of 3/g)).toHaveLength(2);
    expect(out).toContain('  ✗ c  the result is wrong\n  ✗ d  the result is wrong\n');
    expect(out).toContain('2 more in detail, one at a time: npm run grade chapter-5/attention/c');
  });

  it('counts the hints already seen', () => {
    const one = report([topic([failing('f', {})])]);
    expect(renderReport(one, { hintsSeen: () => 1 })).toContain('Hint 2 of 3: npm run hint chapter-5/attention/f');
    expect(renderReport(one, { hintsSeen: () => 3 })).toContain(
      'All 3 hints once more: npm run hint chapter-5/attention/f -- --again',
    );
  });
});

describe('values', () => {
  const shown = (outputs: Parameters<typeof failing>[1]['outputs'], width = 80) =>
    renderReport(report([topic([failing('f', { outputs: outputs! })])]), { width });

  it('of another shape carry their shapes', () => {
    const out = shown([{ name: 'y', expected: matrix([2, 1], 1, 2), got: matrix([1, 2], 1, 2), wrong: [] }]);
    expect(out).toContain('       yours       expected\n    y  (1, 2)      (2, 1)\n       [ 1  2 ]    [ 1 ]\n');
  });

  it('that are single numbers need no shape', () => {
    const out = shown([{ name: 'y', expected: matrix([1], 4), got: matrix([], 3), wrong: [] }]);
    expect(out).toContain('       yours    expected\n    y  3        (1)\n                [ 4 ]\n');
    expect(shown([{ name: 'y', expected: matrix([], 4), got: matrix([], 3), wrong: [0] }])).toContain(
      '\n    y  3        4\n',
    );
  });

  it('that are inputs after the call are named and marked piece by piece', () => {
    const network = (w: number): Shown => ({ record: { hidden: matrix([1, 2], 1, w), bias: { list: [0] } } });
    const out = shown([{ name: 'network after the call', expected: network(2), got: network(0), wrong: [1] }]);
    expect(out).toContain(
      text`
                                            yours (* wrong)    expected
        network.hidden after the call (1, 2)  [ 1  0* ]          [ 1  2 ]
        network.bias after the call (1)       [ 0 ]              [ 0 ]
      `
        .replace(/^\n/, '')
        .replaceAll(/^(?=.)/gm, '    ')
        .replace(/^ +yours/, (t) => `  ${t}`),
    );
  });

  it('of another form stand below each other', () => {
    const expected = { record: { dw: matrix([1], 1), db: 2 } };
    expect(shown([{ name: '', expected, got: { odd: 'a Promise' }, wrong: [] }])).toContain(
      '    yours\n      result  a Promise\n    expected\n      dw (1)  [ 1 ]    db  2\n',
    );
  });

  it('with NaN and infinities are plain', () => {
    const out = shown([{ name: '', got: matrix([3], 'NaN', '-Infinity', 1.5), wrong: [0, 1] }]);
    expect(out).toContain('[ NaN*  -∞*  1.5 ]');
  });

  it('that look the same say so', () => {
    const third = matrix([1], 0.333333);
    expect(shown([{ name: '', expected: third, got: third, wrong: [0] }])).toContain(
      'The difference is beyond the six digits shown.',
    );
    const nearly = shown([{ name: '', expected: third, got: matrix([1], 0.333333 + 2e-9), wrong: [0] }]);
    expect(nearly).toContain('The difference, 2e-9 at most, is beyond the six digits shown.');
  });

  it('are cut in the same columns on both sides', () => {
    const [got, expected] = [
      matrix([12], ...Array.from({ length: 12 }, (_, i) => (i === 5 ? 77 : i + 100))),
      matrix([12], ...Array.from({ length: 12 }, (_, i) => i + 100)),
    ];
    const out = shown([{ name: 'y', got, expected, wrong: [5] }], 60);
    const sides = out.split('\n').filter((line) => line.includes('[ '));
    const cells = sides.join(' ').match(/\[.*?\]/g)!.map((side) => side.slice(2, -2).trim().split(/\s+/)); // prettier-ignore
    expect(cells).toHaveLength(2);
    const [yours, wanted] = cells as [string[], string[]];
    expect(yours.map((cell) => (cell === '77*' ? '105' : cell))).toEqual(wanted);
    expect(yours).toContain('…');
  });

  it('stand below each other where that shows all of them', () => {
    const [got, expected] = [matrix([4], 0.841471, 0.540302, 0.0998334, 0.995004), matrix([4], 0.841471, 0.540302, 0.00999983, 0.99995)]; // prettier-ignore
    const out = shown([{ name: '', got, expected, wrong: [2, 3] }], 60);
    expect(out).toContain('[ 0.841471  0.540302  0.0998334*  0.995004* ]');
    expect(out).toContain('[ 0.841471  0.540302  0.00999983  0.99995 ]');
  });

  it('that are large are cut, but never their first wrong cell', () => {
    const data = Array.from({ length: 40 * 40 }, (_, i) => i);
    const out = shown([{ name: 'y', got: matrix([40, 40], ...data), wrong: [25 * 40 + 30] }], 60);
    expect(out).toContain('1030*');
    expect(out.split('\n').length).toBeLessThan(30);
    expect(Math.max(...out.split('\n').map(widthOf))).toBeLessThanOrEqual(60);
  });

  it('with more than two axes come slice by slice', () => {
    const out = shown([{ name: 'y', got: matrix([2, 1, 2], 1, 2, 3, 4), wrong: [3] }]);
    expect(out).toContain(
      '    y (2, 1, 2)  [0]\n                 [ 1  2 ]\n                 [1]\n                 [ 3  4* ]\n',
    );
  });

  it('that are lists of rows are matrices, words are words', () => {
    const inputs = [
      { name: 'samples', value: { list: [{ list: [1, 2] }, { list: [3, 4] }] } },
      { name: 'ragged', value: { list: [{ list: [1] }, { list: [] }] } },
      { name: 'name', value: { text: 'AND' } },
      { name: 'network', value: { record: { bias: -1, weights: { list: [0.5] } } } },
    ];
    const out = renderReport(report([topic([failing('f', { inputs })])]));
    expect(out).toContain('samples (2, 2)  [ 1  2 ]');
    expect(out).toContain('name  "AND"');
    expect(out).toContain('network.weights (1)  [ 0.5 ]');
  });
});

describe('no line is wider than it may be', () => {
  const wide = '张量的形状不对：请检查矩阵乘法的顺序，以及偏置是否按批次求和。'.repeat(3);
  const messy = report([
    topic([
      exercise('aVeryLongNameOfAnExerciseThatSomebodyThoughtOf'),
      failing('anotherVeryLongNameOfAnExercise', {
        sentence: wide,
        facts: [wide],
        diagnosis: { kind: 'pattern', name: 'x', says: `${wide} ${'word '.repeat(50)}${'x'.repeat(200)}` },
        inputs: [
          { name: '输入', value: { text: wide } },
          { name: 'x'.repeat(90), value: matrix([3, 30], ...Array.from({ length: 90 }, (_, i) => i / 7)) },
        ],
        outputs: [
          { name: 'y', expected: matrix([2, 9], ...Array(18).fill(0.123456)), got: matrix([2, 9], ...Array(18).fill(-1.23456e-10)), wrong: [17] }, // prettier-ignore
        ],
        problem: { verdict: 'error', message: wide, at: { file: `${'deep/'.repeat(20)}a.ts`, line: 1234, column: 80, text: `  ${wide}` } }, // prettier-ignore
      }, { console: wide, notes: [wide] }), // prettier-ignore
    ]),
    topic([exercise('z', { verdict: 'error', points: 0 })], {
      id: 'chapter-5/other',
      load: { verdict: 'error', message: wide },
    }),
  ]);

  for (const width of [80, 60, 40, 30])
    it(`at ${width} columns, Chinese counted as two`, () => {
      for (const assignment of ['chapter-5', 'chapter-5/attention', 'chapter-5/attention/x'])
        for (const line of renderReport({ ...messy, assignment }, { width, colour: true }).split('\n'))
          expect(widthOf(line), line).toBeLessThanOrEqual(width);
      for (const line of renderOverview({ ...messy, assignment: 'course' }, { width }).split('\n'))
        expect(widthOf(line), line).toBeLessThanOrEqual(width);
    });
});

describe('a whole chapter', () => {
  it('that is solved gets a quiet line and what comes next', () => {
    const done = report([topic([exercise('a'), exercise('b')])], { assignment: 'chapter-5' });
    const options = {
      titles: { 'chapter-5': 'Transformer' },
      whatNext: ['npm run lab chapter-5', 'npm run grade chapter-6'],
    };
    expect(renderReport(done, options)).toBe(text`
      chapter-5 · Transformer                                            4 of 4 points

        ✓ attention    2 exercises, 4 checks

      All of this chapter is yours now.
      Next: npm run lab chapter-5
      Then: npm run grade chapter-6
    `);
  });

  it('keeps what is done, and what is yet to come, short', () => {
    const out = renderReport(
      report(
        [
          topic([exercise('a')], { id: 'chapter-5/one' }),
          topic([exercise('b', { verdict: 'not-run' })], { id: 'chapter-5/two', file: 'chapter-5/two.ts' }),
          topic([exercise('c', { verdict: 'not-run' })], { id: 'chapter-5/three' }),
        ],
        { assignment: 'chapter-5' },
      ),
    );
    expect(out).toBe(text`
      chapter-5 · one                                                    2 of 2 points
        ✓ its exercise

      chapter-5 · two                                                    0 of 2 points

        · b  not started

      chapter-5 · three                                                  0 of 2 points
        · its exercise not started

      2 of 6 points. Next: write b in chapters/chapter-5/two.ts
    `);
  });

  it('says once why a file does not load', () => {
    const at = { file: 'chapter-5/one.ts', line: 3, column: 5, text: 'x = = 1;' };
    const load = { verdict: 'error', message: 'Unexpected "="', at } as const;
    const broken = topic([exercise('a', { verdict: 'error' }), exercise('b', { verdict: 'error' })], { load });
    expect(renderReport(report([broken]))).toBe(text`
      chapter-5 · attention                                              0 of 4 points

        ✗ Unexpected "="
          at chapters/chapter-5/one.ts:3:5
          3 │ x = = 1;
            │     ^

        · These 2 wait until the file loads: a, b

      0 of 4 points. Next: make chapters/chapter-5-transformer/attention.ts load.
    `);
  });
});

describe('one exercise', () => {
  it('shows its checks, and what each is worth', () => {
    const partly = exercise('f', {
      verdict: 'fail',
      points: 2,
      maxPoints: 3,
      checks: [
        check({ points: 2, maxPoints: 2 }),
        check({ id: 'finite', sentence: 'stays finite', verdict: 'fail', maxPoints: 1 }),
        check({ id: 'pure', sentence: 'leaves its inputs as they are', verdict: 'not-run' }),
      ],
      failure: {
        check: 'finite',
        sentence: 'y is not finite',
        inputs: [],
        outputs: [],
        facts: [],
        replay: { seed: 1 },
      },
    });
    expect(renderReport(report([topic([partly])], { assignment: 'chapter-5/attention/f' }))).toBe(text`
      chapter-5 · attention · f                                          2 of 3 points

        ✓ agrees with the definition  (2 of 2 points)
        ✗ stays finite  (0 of 1 point)

          y is not finite

          Hint 1 of 3: npm run hint chapter-5/attention/f

        · leaves its inputs as they are: not reached

      2 of 3 points. Next: f in chapters/chapter-5-transformer/attention.ts
    `);
  });

  const alone = (verdict: Verdict, what: Parameters<typeof failing>[1], checks = [check({ verdict, maxPoints: 2 })]) =>
    renderReport(report([topic([failing('f', what, { verdict, checks })])], { assignment: 'chapter-5/attention/f' }));

  it.each([
    ['timeout', 'did not finish within 1 s: endless, or far too slow'],
    ['oom', 'needed more than 512 MB of memory: look for something that grows in a loop'],
    ['crash', 'the process ended with code 3'],
  ] as const)('says why it came to a %s', (verdict, message) => {
    const x = { name: 'x', value: 1 };
    const out = alone(verdict, { sentence: message, inputs: [x], problem: { verdict, message } });
    // Not "the smallest found": what does not end well is not tried again.
    expect(out).toMatch(/✗ agrees with the definition\n\n {4}For this input:\n {6}x {2}1\n\n/);
    expect(out).toContain(`\n\n    ${message}\n\n`);
  });

  it('says what was wrong before any check', () => {
    const message = 'the file does not export a function called f: was it renamed?';
    const replay = { seed: 1 };
    const failure = { sentence: message, problem: { verdict: 'error', message }, replay } as const;
    const checks = [check({ verdict: 'not-run', maxPoints: 2 })];
    expect(alone('error', failure, checks)).toContain(
      `\n  ✗ ${message}\n\n    Hint 1 of 3: npm run hint chapter-5/attention/f\n\n  · agrees with the definition: not reached\n`,
    );
  });

  it('gives no tick without points', () => {
    const checks = [
      check({ maxPoints: 2 }),
      check({ id: 'rejects', sentence: 'rejects a ragged matrix', verdict: 'fail' }),
      check({ id: 'finite', sentence: 'stays finite', points: 1, maxPoints: 1 }),
    ];
    const out = alone('fail', { check: 'rejects', sentence: 'accepts it' }, checks);
    expect(out).toContain(
      '  · agrees with the definition  (passed; its 2 points wait for "rejects a ragged\n    matrix")\n  ✗ rejects a ragged matrix\n',
    );
    expect(out).toContain('  ✓ stays finite  (1 of 1 point)\n');
  });
});

describe('the overview', () => {
  const course = report(
    [
      topic([exercise('a')], { id: 'chapter-1/neuron' }),
      topic([exercise('b'), failing('c', {})], { id: 'chapter-2/layer', file: 'chapter-2-bp/layer.ts' }),
      topic([exercise('d', { verdict: 'not-run' })], { id: 'chapter-3/rnn' }),
    ],
    { assignment: 'course' },
  );
  const titles = { 'chapter-1': 'MP: the first neurons', 'chapter-2': 'Backpropagation', 'chapter-3': 'RNN' };

  it('has a line for each chapter', () => {
    expect(renderOverview(course, { titles })).toBe(text`
      Deep Learning by Hand                                              4 of 8 points

        ✓ chapter-1  MP: the first neurons                ████████████████████  2 of 2
        ✗ chapter-2  Backpropagation                      ██████████░░░░░░░░░░  2 of 4
        · chapter-3  RNN                                  ░░░░░░░░░░░░░░░░░░░░  0 of 2

      4 of 8 points. Next: c in chapters/chapter-2-bp/layer.ts
      npm run grade chapter-2/layer
    `);
  });

  it('is still readable at 40 columns', () => {
    expect(renderOverview(course, { titles, width: 40 })).toBe(text`
      Deep Learning by Hand      4 of 8 points

        ✓ chapter-1  MP: the first ne…  2 of 2
        ✗ chapter-2  Backpropagation    2 of 4
        · chapter-3  RNN                0 of 2

      4 of 8 points. Next: c in
      chapters/chapter-2-bp/layer.ts
      npm run grade chapter-2/layer
    `);
  });
});
