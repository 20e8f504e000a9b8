/** The exercise card: everything a student may know about one exercise, from its spec and its stub. */
import type { Exercise } from '../../grader/engine/exercise.ts';
import type { Declaration, Doc } from './declarations.ts';
import { highlight } from './highlight.ts';
import { escape, type Language } from './html.ts';
import { codeBlock, inline } from './markdown.ts';
import { WORDS } from './words.ts';

export interface CardSource {
  exercise: Exercise;
  /** `chapter-1/neuron` */
  word: string;
  declaration: Declaration;
  /** Types of the same file that the signature speaks of. */
  types: Declaration[];
  /** The stub's place in the repository. */
  stub: string;
  /** The code that a student writes; only where it may be shown. */
  solution?: { code: string; line: number; href: string };
  mistakes: boolean;
  /** Where it can be solved in the page: the topic's file, and the asset with its first text. */
  solvable?: { file: string; skeleton: string };
}

/** One card, as HTML, in the words of a language; what the spec says stays in the spec's language. */
export function card(source: CardSource, language: Language): string {
  const words = WORDS[language];
  const { exercise, declaration, word } = source;
  const { name, points, checks, hints, misconceptions } = exercise;
  const { doc } = declaration;
  const [first, ...rest] = sentences(doc);
  const visible = checks.filter((check) => check.visibility === 'visible');
  // One mistake may be in the bank in two versions that are answered alike.
  const says = [...new Set(Object.values(misconceptions).map((each) => each.says))];
  const foreign = language === 'en' ? '' : ' lang="en"';
  const parts = [
    `<header><h3 id="exercise-${name}-title"><code>${escape(name)}</code></h3><p class="points">${words.points(points)}</p></header>`,
    `<div${foreign}>`,
    first ? `<p class="summary">${inline(first)}</p>` : '',
    `<div class="code signature"><pre><code class="language-ts">${highlight(declaration.signature, 'ts')}\n</code></pre></div>`,
    '</div>',
    source.solvable
      ? `<p class="solve needs-js"><button type="button" class="button">${words.writeHere}</button></p>`
      : '',
    disclosure('detail', words.inDetail, `<div${foreign}>${detail(source, rest, language)}</div>`),
    disclosure(
      'checks',
      words.checked(visible.length),
      `<ul${foreign}>${visible
        .map(
          (check) =>
            `<li>${inline(check.sentence)}${check.worth > 0 ? ` <small>(${words.extraPoints(check.worth)})</small>` : ''}</li>`,
        )
        .join('')}</ul>`,
    ),
    disclosure('hints', words.hints(hints.length), ladder(hints, 0, language)),
    source.mistakes && says.length > 0
      ? disclosure(
          'mistakes',
          words.mistakes(says.length),
          `<ul${foreign}>${says.map((text) => `<li>${inline(text)}</li>`).join('')}</ul>`,
        )
      : '',
    source.solution
      ? disclosure('solution', words.solution, codeBlock(source.solution.code, 'ts', { line: source.solution.line }))
      : '',
    `<footer><code>npm run grade ${escape(word)}/${escape(name)}</code><a href="${escape(source.stub)}">${escape(file(source))}</a></footer>`,
  ];
  return `<article class="exercise" id="exercise-${name}" data-exercise="${escape(word)}/${escape(name)}"${source.solvable ? ` data-file="${escape(source.solvable.file)}" data-skeleton="@=/${escape(source.solvable.skeleton)}"` : ''} aria-labelledby="exercise-${name}-title">${parts.join('\n')}</article>\n`;
}

const file = ({ word, declaration }: CardSource) => `${word.split('/').slice(1).join('/')}.ts:${declaration.line}`;

function disclosure(kind: string, title: string, content: string): string {
  return `<details class="${kind}"><summary>${escape(title)}</summary>${content}</details>`;
}

/** Hints one inside the other: the next opens only from the one before. */
function ladder(hints: readonly string[], from: number, language: Language): string {
  const words = WORDS[language];
  const text = hints[from];
  if (text === undefined) return '';
  const foreign = language === 'en' ? '' : ' lang="en"';
  const more =
    from + 1 < hints.length
      ? disclosure('hint', words.oneMore(from + 2, hints.length), ladder(hints, from + 1, language))
      : '';
  return `<p${foreign}>${inline(text)}</p>${more}`;
}

/** The docstring's first sentence, and what follows it. */
function sentences(doc: Doc): [string | undefined, ...Doc['body']] {
  const [first, ...rest] = doc.body;
  if (!first || first.formula) return [undefined, ...doc.body];
  return [first.text, ...rest];
}

function detail({ exercise, declaration, types }: CardSource, rest: Doc['body'], language: Language): string {
  const words = WORDS[language];
  const { doc } = declaration;
  const out = rest.map((block) =>
    block.formula ? `<pre class="formula">${escape(block.text)}</pre>` : `<p>${inline(block.text)}</p>`,
  );
  const names = new Set([...exercise.parameters, ...doc.params.map((p) => p.name)]);
  const row = (term: string, text: string, shape = '') =>
    `<dt>${term}</dt><dd>${shape === '' ? '' : `<span class="shape">${escape(shape)}</span> `}${text}</dd>`;
  const parameters = [...names].map((name) => {
    const text = doc.params.find((p) => p.name === name)?.text ?? '';
    // Lists, records and choices are said better by the docstring and the types.
    const declared = exercise.inputs[name]?.shape ?? '';
    const shape = /^\([^()|]*\)$/.test(declared) ? declared : '';
    // The docstring often says the shape itself; once is enough.
    const said = shape !== '' && text.replace(/\s/g, '').includes(shape.replace(/\s/g, ''));
    return row(`<code>${escape(name)}</code>`, text === '' ? '' : inline(text), said ? '' : shape);
  });
  if (parameters.length > 0) out.push(`<h4>${words.takes}</h4><dl>${parameters.join('')}</dl>`);
  const ends = [
    doc.returns && row(words.returns, inline(doc.returns)),
    doc.throws && row(words.throws, inline(doc.throws)),
    doc.see.length > 0 && row(words.source, doc.see.map((see) => inline(see)).join('; ')),
  ].filter(Boolean);
  if (ends.length > 0) out.push(`<dl class="ends">${ends.join('')}</dl>`);
  for (const type of types) {
    const first = type.doc.body[0];
    out.push(
      `<div class="code type"><pre><code class="language-ts">${highlight(type.signature, 'ts')}\n</code></pre></div>${first && !first.formula ? `<p class="about-type">${inline(first.text)}</p>` : ''}`,
    );
  }
  return out.join('');
}
