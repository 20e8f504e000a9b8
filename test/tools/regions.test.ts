import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../grader/course/refusal.ts';
import { dedent, deriveSkeleton, parseRegions, todos } from '../../grader/course/regions.ts';
import { NEURON, NEURON_STUB } from './course.ts';

function refusal(text: string): Refusal {
  try {
    parseRegions(text, 'solutions/a.ts');
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

const inFunction = (...lines: string[]) => ['export function step() {', ...lines, '}', ''].join('\n');

describe('deriving a skeleton', () => {
  it('replaces each region by a line that throws', () => {
    expect(deriveSkeleton(NEURON, 'neuron.ts')).toBe(NEURON_STUB);
    expect(todos(NEURON_STUB)).toEqual(['step', 'weightedSum']);
  });

  it('gives line feeds and no byte-order mark for a file from Windows', () => {
    expect(deriveSkeleton(`\uFEFF${NEURON.replaceAll('\n', '\r\n')}`, 'neuron.ts')).toBe(NEURON_STUB);
  });

  it('keeps a missing newline at the end missing', () => {
    expect(deriveSkeleton(NEURON.trimEnd(), 'neuron.ts')).toBe(NEURON_STUB.trimEnd());
  });

  it('knows async functions, generators, and a signature over several lines with braces in it', () => {
    const text = `export async function f({
  a,
}: {
  a: number;
}): Promise<{ y: number }> {
  const b = a;
  // #region f
  return { y: b };
  // #endregion
}

export function* g() {
    // #region g
    yield 1;
    // #endregion
}
`;
    expect(todos(deriveSkeleton(text, 'f.ts'))).toEqual(['f', 'g']);
    expect(deriveSkeleton(text, 'f.ts')).toContain("\n    throw new Error('TODO: g');\n");
  });

  it('leaves a text without regions alone, and does so again', () => {
    // Letters and marks, but never the word that makes a marker.
    const line = fc.string({ unit: fc.constantFrom(...'ab #/*{}\t\r\uFEFF日 ') });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const once = deriveSkeleton(lines.join('\n'), 'a.ts');
        expect(deriveSkeleton(once, 'a.ts')).toBe(once);
        expect(once).toBe(
          lines
            .join('\n')
            .replace(/^\uFEFF+/, '')
            .replace(/\r\n?/g, '\n'),
        );
      }),
    );
  });

  it('never leaves a line of a region behind, and every other line stays', () => {
    const body = fc.array(fc.constantFrom('if (x) {', '}', 'y += x;', '', '// why', '`', "'"), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(body, fc.constantFrom('  ', '    ', '\t'), body), { minLength: 1, maxLength: 4 }),
        (bodies) => {
          const secret: string[] = [];
          const open: string[] = [];
          const text = bodies.flatMap(([inside, indent, outside], f) => {
            const mine = [...inside, 'x++;'].map((line, i) => `${indent}${line} /* secret ${f}.${i} */`);
            const around = outside.map((line, i) => `${indent}${line} /* open ${f}.${i} */`);
            secret.push(...mine);
            open.push(`export function f${f}(x) {`, ...around);
            return [
              `export function f${f}(x) {`,
              ...around,
              `${indent}// #region f${f}`,
              ...mine,
              `${indent}// #endregion`,
              '}',
              '',
            ];
          });
          const skeleton = deriveSkeleton(text.join('\n'), 'a.ts').split('\n');
          expect(
            skeleton.filter((line) => secret.includes(line) || line.includes('secret') || line.includes('#')),
          ).toEqual([]);
          expect(skeleton.filter((line) => open.includes(line))).toEqual(open);
          expect(todos(skeleton.join('\n'))).toEqual(bodies.map((_, f) => `f${f}`));
        },
      ),
    );
  });
});

describe('wrong marks', () => {
  it.each([
    ['never closed', 'export function step() {\n  // #region step\n  return 1;', /a\.ts:2: .*never closed/],
    [
      'not closed within its function',
      inFunction('  // #region step', '  return 1;'),
      /a\.ts:2: .*not closed before its function ends \(line 4\)/,
    ],
    [
      'nested',
      inFunction('  // #region step', '  // #region inner', '  // #endregion', '  // #endregion'),
      /a\.ts:3: .*"step" \(line 2\) is still open/,
    ],
    [
      'two in one function',
      inFunction(...Array(2).fill(['  // #region step', '  a;', '  // #endregion']).flat()),
      /a\.ts:5: .*already a region "step" \(line 2\)/,
    ],
    ['empty', inFunction('  // #region step', '', '  // only words', '  // #endregion'), /a\.ts:2: .*empty/],
    ['without a name', inFunction('  // #region', '  a;', '  // #endregion'), /a\.ts:2: .*no name/],
    [
      'named after another function',
      inFunction('  // #region stop', '  a;', '  // #endregion'),
      /a\.ts:2: .*"stop" stands in the function "step"/,
    ],
    [
      'in a function that is not exported',
      'function step() {\n  // #region step\n  a;\n  // #endregion\n}',
      /not exported/,
    ],
    ['after the function', `${inFunction('  return 1;')}// #region step\n`, /a\.ts:4: .*in no function/],
    ['closed but never opened', inFunction('  // #endregion'), /a\.ts:2: .*without a region/],
    ['closed with another name', inFunction('  // #region step', '  a;', '  // #endregion stop'), /a\.ts:4: .*"stop"/],
    ['with spaces in its name', inFunction('  // #region step one', '  a;', '  // #endregion'), /"step one"/],
  ])('%s', (_, text, message) => {
    const error = refusal(text);
    expect(error.message).toMatch(message);
    expect(error.next).toMatch(/\w/);
  });

  it.each([
    '//#region step',
    '// region step',
    '// #Region step',
    '// # region step',
    '// #regoin step',
    '/* #region step */',
    '//#endregion',
    '// #end region',
    '// #endregoin',
    '// endregion',
    '// # endregion',
    '// #EndRegion',
    'return 1; // #endregion',
  ])('nearly a marker: %s', (line) => {
    const error = refusal(inFunction(`  ${line}`));
    expect(error.message).toMatch(/a\.ts:2: ".*" looks like a marker/);
    expect(error.next).toContain(/end/i.test(line) ? '"// #endregion"' : '"// #region step"');
  });

  it.each([
    '// the region of attraction is small',
    '// region where the gradient vanishes',
    '// see issue #12',
    '// https://example.org/#region',
    '// #1: a reason',
    ' * #region in a docstring is no comment of ours',
  ])('an ordinary line: %s', (line) => {
    expect(parseRegions(inFunction(`  ${line}`), 'a.ts')).toEqual([]);
  });
});

it('dedent takes off what all lines share', () => {
  expect(dedent(['    a', '', '      b', '   '])).toEqual(['a', '', '  b', '']);
});
