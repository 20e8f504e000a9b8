/** The parts that a site is made of. */
import { describe, expect, it } from 'vitest';
import { dead, ids as idsIn } from '../../site/build/cross-check.ts';
import { readDoc } from '../../site/build/declarations.ts';
import { inlineSvg, shortPaths } from '../../site/build/figure.ts';
import { localised, settle, slug } from '../../site/build/html.ts';
import { render, type Surroundings } from '../../site/build/markdown.ts';
import { colour, formula } from '../../site/build/math.ts';
import { gather } from '../../site/build/reference-pages.ts';
import { isDay, release, settingsMistakes } from '../../site/build/release.ts';
import { searchIndex } from '../../site/build/search-index.ts';
import { INTERACTIVES } from '../../site/interactive/index.ts';
import { parseState, showState, startOf } from '../../site/interactive/interactive.ts';
import { OPTIONS, SEARCH, terms } from '../../site/search/tokens.ts';
import { settings } from '../../site/settings.ts';
import MiniSearch from 'minisearch';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width="10" aria-labelledby="t d"><title id="t">A line</title><desc id="d">It falls.</desc><path d="M0 0L9 9"/></svg>'; // prettier-ignore

const around: Surroundings = {
  file: 'chapters/chapter-1-mp/x.md',
  language: 'en',
  folder: 'chapter-1-mp',
  exercises: ['step'],
  interactives: ['waves'],
  piece: (reference) => {
    if (!reference.startsWith('a.ts')) throw new Error(`there is no ${reference}.`);
    return { path: 'chapters/a.ts', text: 'const a = 1;', line: 7 };
  },
  figure: (name) => {
    if (name !== 'falls') throw new Error(`there is no figure ${name}.`);
    return SVG;
  },
  link: (href) => {
    if (href === 'later.md') return { closed: 'opens soon' };
    if (href.endsWith('.md')) return { site: `chapter-1-mp/${href.slice(0, -3)}/` };
    if (href.startsWith('#')) return { site: href };
    if (href.startsWith('https:')) return { url: href };
    throw new Error(`"${href}" leads nowhere.`);
  },
  inRepository: (path, from, to) => `https://repo/${path}#L${from}-L${to}`,
};
const page = (text: string) => render(`# Title\n\n${text}`, around);
const wrong = (text: string) => page(text).mistakes.map(({ line, what }) => `${line}: ${what}`);

describe('a lesson', () => {
  it('becomes HTML: text, mathematics, code with real line numbers, figures', () => {
    const { html, title, headings, mistakes } = page(
      [
        '## One *picture*',
        'The value is <!--=x-->3<!--/-->, $x^2$ and `a < b`.',
        '<!-- figure: falls | It falls. -->\n\n![It falls.](figures/falls.svg)\n\n<!-- /figure -->',
        '$$\n\\frac{a}{b}\n$$',
        '<!-- code: a.ts#a -->\n\n```ts\nconst a = 1;\n```\n\n<!-- /code -->',
        '<!-- print: p -->\n\n```text\n1 → 2\n```\n\n<!-- /print -->',
        '[next](next.md) and [later](later.md)',
        '## The exercises',
        '1. `step`, the edge included.',
        '## After',
      ].join('\n\n'),
    );
    expect(mistakes).toEqual([]);
    expect(title.text).toBe('Title');
    expect(headings.map((h) => h.id)).toEqual(['one-picture', 'the-exercises', 'after']);
    expect(html).toContain('The value is 3, ');
    expect(html).not.toMatch(/<!--(?!cards|interactive)/);
    expect(html).toContain('<math xmlns');
    expect(html).toContain('<svg id="figure-falls"');
    expect(html).toContain('style="--first:6"');
    expect(html).toContain('https://repo/chapters/a.ts#L7-L7');
    expect(html).toContain('<div class="code printed">');
    expect(html).toContain('href="@/chapter-1-mp/next/"');
    expect(html).toContain('<span class="closed" title="opens soon">later</span>');
    expect(html).toContain('<a href="#exercise-step"><code>step</code></a>');
    // The cards stand at the end of the section about the exercises.
    expect(html.indexOf('<!--cards-->')).toBeLessThan(html.indexOf('id="after"'));
    expect(html.indexOf('<!--cards-->')).toBeGreaterThan(html.indexOf('#exercise-step'));
  });

  it('keeps notes beside the text', () => {
    const { html, mistakes } = page('A word.[^1]\n\n[^1]: What *more* there is.\n');
    expect(mistakes).toEqual([]);
    expect(html).toContain('<span class="note"><sup aria-hidden="true">1</sup> What <em>more</em> there is.</span>');
    expect(html).not.toContain('footnotes');
  });

  it.each([
    ['a $\\frac{1$ b', /^3: TeX: /],
    ['line\n\nmore\nand $\\undefined$ here', /^6: TeX: Undefined control sequence: \\undefined/],
    ['$$\n\\text{é}\nx^^2\n$$', /^3: TeX: /],
    ['[x](nowhere.txt)', /^3: "nowhere\.txt" leads nowhere/],
    ['![](figures/falls.svg)', /^3: the picture .* has no text/],
    ['![It falls.](figures/gone.svg)', /^3: there is no figure gone/],
    ['![A.](figures/falls.svg)\n\n![B.](figures/falls.svg)', /^5: the figure "falls" stands on this page already/],
    ['## A\n\ntext\n\n## A', /^7: there is a heading "A" on this page already/],
    ['## A\n\n#### B', /^5: "B" is a heading of level 4 right under one of level 2/],
    ['<div>', /^3: raw HTML/],
    ['a <br> b', /^3: raw HTML/],
    ['<!-- code: b.ts#b -->\n\n```ts\nx\n```\n\n<!-- /code -->', /^3: there is no b\.ts#b/],
    ['<!-- code: a.ts#a -->\n\n```ts\nconst a = 2;\n```\n\n<!-- /code -->', /^3: this is not what a\.ts#a says today/],
    ['<!-- interactive: waters -->', /^3: there is no interactive figure "waters"; there are waves/],
    ['```cobol\nMOVE\n```', /^3: code in "cobol"/],
  ])('says what is wrong, and where: %j', (text, says) => {
    expect(wrong(text).join('\n')).toMatch(says);
    expect(wrong(text)).toHaveLength(1);
  });
});

describe('mathematics', () => {
  it('colours ideas, not indices', () => {
    expect(colour('Q K^T', { Q: 'query', K: 'key' })).toBe('\\htmlClass{role-query}{Q} \\htmlClass{role-key}{K}^T');
    expect(colour('W_Q x_{QK}', { Q: 'query', K: 'key' })).toBe('W_Q x_{QK}');
    expect(colour('\\text{Q} \\operatorname{L}', { Q: 'query', L: 'loss' })).toBe('\\text{Q} \\operatorname{L}');
    expect(colour('\\frac{\\partial L}{\\partial w_i}', { L: 'loss' })).toBe('\\htmlClass{role-gradient}{\\frac{\\partial L}{\\partial w_i}}'); // prettier-ignore
  });
  it('sees a gradient on one line as one thing', () => {
    expect(colour('g = \\partial L/\\partial x_{t}^2 + 1', { L: 'loss' })).toBe(
      'g = \\htmlClass{role-gradient}{\\partial L/\\partial x_{t}^2} + 1',
    );
    expect(() => formula('\\partial L / \\partial \\theta', false, { L: 'loss' })).not.toThrow();
  });
  it('leaves the TeX that is copied as the lesson has it', () => {
    expect(formula('L < 1', false, { L: 'loss' })).toContain(
      '<annotation encoding="application/x-tex">L &lt; 1</annotation>',
    );
  });
  it('refuses what is almost TeX', () => {
    expect(() => formula('\\text{ok} é', false)).toThrow();
    expect(() => formula('\\href{https://x}{y}', false)).toThrow();
  });
});

describe('figures', () => {
  it('get ids of their own, and their dark rules follow the page', () => {
    const svg = SVG.replace('<path', '<style>.fig text { fill: #111; } @media (prefers-color-scheme: dark) { .fig text { fill: #eee; } }</style><path').replace('<svg ', '<svg class="fig" '); // prettier-ignore
    const html = inlineSvg(svg, 'a');
    expect(html).toContain('aria-labelledby="figure-a-t figure-a-d"');
    expect(html).toContain('<title id="figure-a-t">');
    expect(html).toContain('#figure-a text{fill:#111;}');
    expect(html).toContain(':root[data-theme=dark] #figure-a text{fill:#eee;}');
  });
  it('say the same in fewer letters', () => {
    expect(shortPaths('<path d="M10 10L10.52 9.96L30 -0.5M30 -0.5L1 1Z"/>')).toBe(
      '<path d="M10 10l.5 0l19.5-10.5l-29 1.5Z"/>',
    );
    expect(shortPaths('<path d="M1 2h3v4"/>')).toBe('<path d="M1 2h3v4"/>');
  });
  it('must say what there is to see', () => {
    expect(() => inlineSvg(SVG.replace(/<desc.*<\/desc>/, ''), 'a')).toThrow('has no <desc>');
  });
});

describe('interactive figures', () => {
  it.each(INTERACTIVES.map((figure) => [figure.name, figure] as const))('%s draws every setting', (_, figure) => {
    const start = startOf(figure);
    for (const control of figure.controls) {
      const values = control.kind === 'choice' ? control.options.map((option) => option.value) : control.values;
      expect(values).toContain(control.start);
      for (const value of values) {
        const state = { ...start, [control.key]: value };
        for (const language of ['en', 'zh'] as const) {
          expect(figure.draw(state, language)).not.toMatch(/NaN|Infinity|undefined/);
          expect(figure.say(state)[language]).not.toMatch(/NaN|undefined/);
        }
        expect(parseState(figure, showState(state))).toEqual(state);
      }
    }
  });
  it('take nothing from an address that they do not know', () => {
    const figure = INTERACTIVES[0]!;
    expect(parseState(figure, 'data:evil;step:1e9;rate:;__proto__:1;nonsense')).toEqual(startOf(figure));
  });
});

describe('addresses', () => {
  it('are relative to wherever the page stands', () => {
    expect(settle('<a href="@/x/#y"><img src="@=/a.png">', 'chapter-1-mp/neuron/', 'en')).toBe('<a href="../../x/#y"><img src="../../a.png">'); // prettier-ignore
    expect(settle('<a href="@/">', '', 'en')).toBe('<a href="./">');
    expect(settle('<a href="@/x/">', 'zh/glossary/', 'zh')).toBe('<a href="../../zh/x/">');
    expect(localised('', 'zh')).toBe('zh/');
  });
  it('of headings are those of GitHub', () => {
    expect(slug('By hand, with small numbers')).toBe('by-hand-with-small-numbers');
    expect(slug('为什么要有 LSTM?')).toBe('为什么要有-lstm');
  });
  it('that are dead are found', () => {
    const ids = new Map([['a/', new Set(['x'])]]);
    const link = (to: string) => ({ from: 'a/', file: 'a.md', line: 3, to });
    expect(dead([link('a/#x'), link('#x'), link('a/')], ids)).toEqual([]);
    expect(dead([link('a/#y')], ids)[0]!.what).toContain('no anchor "#y"');
    expect(dead([link('b/')], ids)[0]!.what).toContain('no page b/');
    expect(idsIn('<a id="x"><b class="y" id="x"><i id="z">')).toEqual({ all: new Set(['x', 'z']), twice: ['x'] });
  });
});

describe('the search', () => {
  const load = (text: string) => MiniSearch.loadJSON(text, OPTIONS);
  const index = load(
    searchIndex([
      { path: 'a', title: 'Gradient', heading: '', text: 'the slope of a loss' },
      { path: 'b', title: '梯度消失', heading: '', text: '梯度越来越小' },
      { path: 'c', title: 'Momentum', heading: '动量', text: 'agreement is amplified; trainPerceptron' },
    ]),
  );
  const find = (query: string) => index.search(query, SEARCH).map((each) => each.path as string);
  it('cuts Han characters into pairs, and words at their edges', () => {
    expect(terms('用PyTorch训练 the LSTM')).toEqual(['用', 'pytorch', '训练', 'the', 'lstm']);
    expect(terms('梯度消失')).toEqual(['梯度', '度消', '消失']);
  });
  it('finds both languages, half-typed words and typing mistakes', () => {
    expect(find('消失')).toEqual(['b']);
    expect(find('动量')).toEqual(['c']);
    expect(find('grad')).toEqual(['a']);
    expect(find('momentun')).toEqual(['c']);
    expect(find('trainperceptron')).toEqual(['c']);
    expect(find('梯子')).toEqual([]);
  });
});

describe('the settings', () => {
  const on = (today: `${number}-${number}-${number}`, change: object) => release({ ...settings, ...change }, today);
  it('open chapters and solutions by day', () => {
    const days = { released: { 'chapter-1': '2026-09-01' }, solutions: '2026-10-01' };
    expect(on('2026-08-31', days).open('chapter-1')).toBe(false);
    expect(on('2026-09-01', days).open('chapter-1')).toBe(true);
    expect(on('2026-09-01', days).open('chapter-2')).toBe(false);
    expect(on('2026-09-30', days).solutions('chapter-1')).toBe(false);
    expect(on('2026-10-01', days).solutions('chapter-1')).toBe(true);
    expect(on('2026-10-01', days).solutions('chapter-2')).toBe(false);
    expect(on('2026-08-31', days).opens('chapter-1')).toBe('2026-09-01');
  });
  it('are refused where they cannot be meant', () => {
    expect(isDay('2026-02-29')).toBe(false);
    expect(isDay('2028-02-29')).toBe(true);
    const bad = { ...settings, released: { 'chapter-9': '2026-13-01' as const }, url: 'here', term: { starts: '2026-09-02' as const, ends: '2026-09-01' as const } }; // prettier-ignore
    const says = settingsMistakes(bad, ['chapter-1'], "url: 'x'").map((m) => m.what);
    expect(says.join('\n')).toMatch(/chapter-9/);
    expect(says.join('\n')).toMatch(/2026-13-01/);
    expect(says.join('\n')).toMatch(/ends before it starts/);
    expect(says.join('\n')).toMatch(/is no address/);
  });
});

describe('docstrings and references', () => {
  it('are read in parts', () => {
    const doc = readDoc(
      '/**\n * Says it.\n *\n *   y = x\n *\n * @param x  (n) the input,\n *           any\n * @returns y\n * @see A 1990\n */',
    );
    expect(doc.body).toEqual([{ text: 'Says it.', formula: false }, { text: 'y = x', formula: true }]); // prettier-ignore
    expect(doc.params).toEqual([{ name: 'x', text: '(n) the input, any' }]);
    expect([doc.returns, doc.see]).toEqual(['y', ['A 1990']]);
  });
  it('are gathered by title, oldest first', () => {
    const from = (path: string) => ({ path, title: path });
    const found = gather([
      { html: 'B, <em>Two</em>, 1990.', text: 'B, Two, 1990.', from: from('a') },
      { html: 'A, <em>One</em>, 1943.', text: 'A, One, 1943.', from: from('a') },
      { html: 'B, <em>Two</em>, 1990. Again.', text: 'B, Two, 1990. Again.', from: from('b') },
    ]);
    expect(found.map((each) => [each.text, each.from.length])).toEqual([['A, One, 1943.', 1], ['B, Two, 1990.', 2]]); // prettier-ignore
  });
});
