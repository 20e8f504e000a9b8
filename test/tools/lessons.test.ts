import { describe, expect, it } from 'vitest';
import { fill, showNumber, type Sources } from '../../site/lessons/fill.ts';
import { figure, plot, roles, ticks } from '../../site/lessons/svg.ts';
import { courseWithStubs, type Sandpit } from './course.ts';

const lessons = 'site/lessons/main.ts';
const README = 'chapters/chapter-1-mp/README.md';
const MODULE = 'site/lessons/chapter-1-mp.ts';

const CODE = `export const values = {
  loss: () => 0.1 + 0.2,
  'how-many': () => 1234567,
  损失: () => 'x',
};
export const prints = { training: () => 'step 1\\n\`\`\`\\n  step 2  \\n\\n' };
export const figures = { boundary: () => '<svg role="img"></svg>' };
`;
const LESSON = `# Neurons

The loss is <!--=loss--><!--/--> after <!--=how-many-->0<!--/--> steps, <!--=损失-->?<!--/-->.

<!-- print: training -->
<!-- /print -->

- In a list:

  <!-- code: solutions/chapter-1-mp/neuron.ts#step -->
  <!-- /code -->

<!-- code: solutions/chapter-1-mp/neuron.ts#weightedSum:signature -->
old
<!-- /code -->

<!-- code: chapters/chapter-1-mp/neuron.ts#function:step -->
<!-- /code -->

<!-- figure: boundary | The line [between] the classes -->
<!-- /figure -->

\`\`\`ts
const untouched = '<!-- html -->';
\`\`\`
`;
const FILLED = `# Neurons

The loss is <!--=loss-->0.3<!--/--> after <!--=how-many-->1234567<!--/--> steps, <!--=损失-->x<!--/-->.

<!-- print: training -->

\`\`\`\`text
step 1
\`\`\`
  step 2
\`\`\`\`

<!-- /print -->

- In a list:

  <!-- code: solutions/chapter-1-mp/neuron.ts#step -->

  \`\`\`ts
  return x >= 0 ? 1 : 0;
  \`\`\`

  <!-- /code -->

<!-- code: solutions/chapter-1-mp/neuron.ts#weightedSum:signature -->

\`\`\`ts
export function weightedSum(
  w: number[],
  x: number[],
): number
\`\`\`

<!-- /code -->

<!-- code: chapters/chapter-1-mp/neuron.ts#function:step -->

\`\`\`ts
/** The step function. */
export function step(x: number): number {
  throw new Error('TODO: step');
}
\`\`\`

<!-- /code -->

<!-- figure: boundary | The line [between] the classes -->

![The line \\[between\\] the classes](figures/boundary.svg)

<!-- /figure -->

\`\`\`ts
const untouched = '<!-- html -->';
\`\`\`
`;

function courseWithLesson(lesson = LESSON, code = CODE): Sandpit {
  const pit = courseWithStubs();
  pit.write(README, lesson);
  pit.write(MODULE, code);
  return pit;
}

describe('npm run lessons', () => {
  it('fills every kind of passage, and filling again changes nothing', () => {
    const pit = courseWithLesson();
    // The student's own file must not show in the prose.
    pit.write('chapters/chapter-1-mp/neuron.ts', 'my work');
    expect(pit.run(lessons, '--check')).toMatchObject({ code: 1, out: expect.stringContaining(`stale    ${README}`) });
    expect(pit.read(README)).toBe(LESSON);
    expect(pit.run(lessons)).toMatchObject({ code: 0, err: '' });
    expect(pit.read(README)).toBe(FILLED);
    expect(pit.read('chapters/chapter-1-mp/figures/boundary.svg')).toBe('<svg role="img"></svg>\n');
    expect(pit.run(lessons, '--check')).toMatchObject({ code: 0, err: '' });
    expect(pit.run(lessons, 'chapter-1').out).toContain('up to date');
    expect(pit.read(README)).toBe(FILLED);

    pit.write('chapters/chapter-1-mp/figures/boundary.svg', '<svg>old</svg>');
    pit.write('chapters/chapter-1-mp/figures/old.svg', '<svg/>');
    const check = pit.run(lessons, '--check');
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/unused .*old\.svg[^]*stale .*boundary\.svg/);
  });

  it("asks a lesson's own module first; the same name may mean something else in another lesson", () => {
    const pit = courseWithLesson();
    const more = 'chapters/chapter-1-mp/more.md';
    pit.write(more, 'The loss is <!--=loss-->?<!--/--> here.\n');
    pit.write('site/lessons/chapter-1-mp/more.ts', 'export const values = { loss: () => 0.125 };\n');
    expect(pit.run(lessons)).toMatchObject({ code: 0, err: '' });
    expect(pit.read(more)).toBe('The loss is <!--=loss-->0.125<!--/--> here.\n');
    expect(pit.read(README)).toBe(FILLED);
  });

  it('names every mistake with its file and line, and writes nothing', () => {
    const lesson = LESSON.replace('=loss-->', '=lost-->')
      .replace('neuron.ts#step', 'neuron.ts#stop')
      .replace(' | The line [between] the classes', '');
    const pit = courseWithLesson(lesson, CODE.replace("'x'", "''").replace('loss:', 'loss: () => 2,\n  loss:'));
    const done = pit.run(lessons);
    expect(done.code).toBe(1);
    for (const says of [
      `${README}:3: ${MODULE} has no "lost" in its values. Did you mean "loss"?`,
      `${README}:3: values.损失 in ${MODULE} returned nothing.`,
      `${README}:10: there is no region "stop" in solutions/chapter-1-mp/neuron.ts. Did you mean step?`,
      `${README}:20: the figure "boundary" needs a text`,
      `${MODULE}:3: values.loss is there already, in line 2.`,
      'no lesson uses values.loss.',
      'no lesson uses figures.boundary.',
    ]) {
      expect(done.err).toContain(says);
    }
    expect(pit.read(README)).toBe(lesson);
    expect(pit.has('chapters/chapter-1-mp/figures')).toBe(false);
  });

  it('gives a lesson from Windows line feeds', () => {
    const pit = courseWithLesson(`\uFEFF${LESSON.replaceAll('\n', '\r\n')}`);
    expect(pit.run(lessons).code).toBe(0);
    expect(pit.read(README)).toBe(FILLED);
  });

  it('says what is wrong with a module that does not load, or throws', () => {
    const pit = courseWithLesson(LESSON, "throw new Error('broken');");
    expect(pit.run(lessons).err).toContain(`${MODULE} could not be loaded: broken`);
    pit.write(MODULE, CODE.replace('0.1 + 0.2', "{ throw new Error('no such loss'); }"));
    expect(pit.run(lessons).err).toContain(`${README}:3: values.loss in ${MODULE} threw: no such loss`);
    pit.write(MODULE, CODE.replace('0.1 + 0.2', '0 / 0'));
    expect(pit.run(lessons).err).toContain('returned NaN');
  });
});

describe('passages', () => {
  const sources: Sources = {
    value: () => '1',
    print: () => 'p',
    figure: () => undefined,
    code: () => ({ text: 'c', language: 'ts' }),
  };

  it.each([
    ['a value that is not closed', 'x <!--=a--> y', /1: .*"a" is not closed/],
    ['a value without a name', 'x <!--=-->1<!--/-->', /1: this value has no name/],
    ['a value in code', '`<!--=a-->1<!--/-->`', /1: .*inside `code`/],
    ['a value that begins its line', 'So\n<!--=a-->1<!--/--> it is.', /2: .*begins its line/],
    ['a value in a fence', '```\n<!--=a-->1<!--/-->\n```', /2: inside a code fence/],
    ['an end without a value', 'x<!--/-->', /1: .*closes nothing/],
    ['a print that is not closed', '\n<!-- print: a -->\n# Next', /2: this print is not closed/],
    ['a print closed by another', '<!-- print: a -->\n<!-- /code -->', /1: this print is not closed/],
    ['a print without a name', '<!-- print: -->\n<!-- /print -->', /1: this print has no name/],
    ['the same print twice', '<!-- print: a -->\n<!-- /print -->\n'.repeat(2), /3: .*stands in line 1/],
    ['a name that is a path', '<!-- figure: ../a | b -->\n<!-- /figure -->', /"\.\.\/a" is no name/],
    ['nearly a passage', '<!-- Print a -->', /looks like a passage/],
    ['an end alone', '<!-- /figure -->', /closes nothing/],
  ])('%s', (_, text, message) => {
    const { mistakes } = fill(text, 'a.md', sources);
    expect(mistakes.map(({ line, what }) => `${line}: ${what}`).join('\n')).toMatch(message);
  });

  it('shows at most six significant digits, and whole numbers whole', () => {
    expect([0.1 + 0.2, 1 / 3, 1234567.891, 124439808, -0, 1e-9 / 3, -2.5].map(showNumber)).toEqual([
      '0.3',
      '0.333333',
      '1234570',
      '124439808',
      '0',
      '3.33333e-10',
      '-2.5',
    ]);
  });
});

describe('figures', () => {
  it('follow the theme, and say what they show without colour and sight', () => {
    const p = plot({ x: [0, 10], y: [-1, 1], xLabel: 'step', yLabel: 'loss' });
    const svg = figure(
      { title: 'a < b & "c"', description: 'More' },
      p.axes(),
      p.line(
        [
          [0, 0],
          [10, 1],
        ],
        'key',
      ),
      p.scatter([[1, 0.5]], 'fail'),
      p.cells(
        [
          [1, 2],
          [3, 4],
        ],
        'query',
        true,
      ),
      p.contour((x, y) => x + y, [5]),
      p.arrow([0, 0], [1, 1], 'gradient', 'downhill'),
      p.legend([['key', 'keys']]),
    );
    expect(svg).toMatch(/^<svg [^>]*role="img"[^>]*>\n<title id="[^"]+">a &lt; b &amp; &quot;c&quot;<\/title>\n<desc/);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).toContain(`stroke-dasharray="${roles.key.dash}"`);
    expect(svg).toContain('>downhill</text>');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(() => p.line([[0, NaN]], 'loss')).toThrow(/no place/);
    expect(() => figure({ title: ' ', description: 'x' })).toThrow(/title/);
  });

  it('have round ticks', () => {
    expect(ticks([0, 10])).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks([-0.3, 0.3])).toEqual([-0.2, 0, 0.2]);
    expect(ticks([0, 0.5])).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  });

  it('have colours that can be read on both grounds', () => {
    const light = (hex: string) => {
      const [r, g, b] = [1, 3, 5]
        .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    };
    const contrast = (a: string, b: string) =>
      (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    for (const role of Object.values(roles)) {
      expect(contrast(role.light, '#ffffff')).toBeGreaterThan(4.5);
      expect(contrast(role.dark, '#16181d')).toBeGreaterThan(4.5);
    }
    // Colour never alone: lines differ in their dashes, points in their shape.
    expect(new Set(Object.values(roles).map(({ dash }) => dash)).size).toBe(8);
    expect(new Set(Object.values(roles).map(({ marker }) => marker)).size).toBe(8);
  });
});
