/**
 * A lesson's Markdown as HTML. What the lesson points to is resolved here, and every mistake gets its line: TeX that is none,
 * links into nowhere, pictures without words, raw HTML, ids that exist twice.
 *
 * Two places are left open in the result, since they depend on the page: `<!--cards-->` and `<!--interactive:name-->`.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import anchor from 'markdown-it-anchor';
import footnote from 'markdown-it-footnote';
import type { Mistake } from '../lessons/fill.ts';
import { inlineSvg } from './figure.ts';
import { highlight, knows } from './highlight.ts';
import { escape, inSite, slug, type Language } from './html.ts';
import { formula, letters, mathPlugin } from './math.ts';
import { WORDS } from './words.ts';

/** A piece of a file in the prose: where it stands, and what it should say. */
export interface Piece {
  path: string;
  text: string;
  /** The line on which it begins in that file. */
  line: number;
  /** It is part of a solution that must not be shown yet. */
  withheld?: boolean;
}

/** Where a link leads: a path inside the site, another site, or a chapter that is not open yet. */
export type Target = { site: string } | { url: string } | { closed: string };

/** What a lesson needs from the course around it. */
export interface Surroundings {
  file: string;
  language: Language;
  /** The chapter's folder, for the colours of its letters. */
  folder: string;
  /** The exercises of its topic. */
  exercises: readonly string[];
  /** @throws Error when there is no such code */
  piece: (reference: string) => Piece;
  /** The text of `figures/<name>.svg` beside the lesson. @throws Error when there is none */
  figure: (name: string) => string;
  /** @throws Error when it leads nowhere */
  link: (href: string) => Target;
  /** The address of a file in the repository, at some of its lines. */
  inRepository: (path: string, from?: number, to?: number) => string;
  interactives: readonly string[];
}

export interface Heading {
  level: number;
  id: string;
  text: string;
}

/** A section's text without marks, for the search. */
export interface Section {
  id: string;
  heading: string;
  text: string;
}

export interface Rendered {
  /** The first heading, as HTML and as text; it is not in `html`. */
  title: { html: string; text: string };
  html: string;
  headings: Heading[];
  sections: Section[];
  /** Links into the site: the path, with its #anchor. */
  links: { to: string; line: number }[];
  /** The entries under "Further reading". */
  further: { html: string; text: string }[];
  interactives: { name: string; line: number }[];
  figures: string[];
  mistakes: Mistake[];
}

const EXERCISES = /^(the )?exercises$|^练习/i;
const FURTHER = /^further reading$|^(延伸阅读|参考文献)/i;

const md = new MarkdownIt({ html: true, linkify: false, typographer: true, quotes: '“”‘’' })
  // Quotation marks become the printer's; nothing else is changed.
  .disable('replacements')
  .use(mathPlugin)
  .use(footnote)
  .use(anchor, { slugify: slug, tabIndex: false, uniqueSlugStartIndex: 2 });

md.renderer.rules.math_inline = md.renderer.rules.math_block = (tokens, i) => tokens[i]!.meta!.html as string;
md.renderer.rules.table_open = () => '<div class="scroll"><table>\n';
md.renderer.rules.table_close = () => '</table></div>\n';
md.renderer.rules.code_block = (tokens, i) => codeBlock(tokens[i]!.content, 'text');
md.renderer.rules.fence = (tokens, i) => {
  const token = tokens[i]!;
  const { html } = token.meta as { html: string };
  return html;
};
md.renderer.rules.footnote_ref = (tokens, i) => tokens[i]!.meta!.html as string;

/** A block of code, scrolling sideways where it must. */
export function codeBlock(
  code: string,
  language: string,
  about: { where?: string; line?: number; kind?: 'printed' } = {},
): string {
  const text = code.replace(/\n$/, '');
  const numbers = about.line === undefined ? '' : ` style="--first:${about.line - 1}"`;
  const kind = about.kind ?? (about.line === undefined ? '' : 'numbered');
  return (
    `<div class="code${kind ? ` ${kind}` : ''}">${about.where ? `<p class="where">${about.where}</p>` : ''}` +
    `<pre${numbers}><code${language === 'text' || language === '' ? '' : ` class="language-${language}"`}>${highlight(text, language)}\n</code></pre></div>\n`
  );
}

/** Inline Markdown, such as a hint or a message: no links, no pictures. */
export function inline(text: string, folder = ''): string {
  const tokens = md.parseInline(text, {});
  for (const token of tokens[0]?.children ?? []) {
    if (token.type === 'math_inline') token.meta!.html = formula(token.content, false, letters(folder));
    if (token.type === 'html_inline') {
      token.type = 'text';
    }
  }
  return md.renderer.render(tokens, md.options, {});
}

/** Renders one lesson. It never throws for a mistake in the lesson; the mistakes are in the result. */
export function render(source: string, about: Surroundings): Rendered {
  const words = WORDS[about.language];
  const mistakes: Mistake[] = [];
  const wrong = (line: number, what: string) => void mistakes.push({ file: about.file, line, what });
  const attempt = <T>(line: number, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      wrong(line, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const colours = letters(about.file);
  // The marks around computed values go first: at the beginning of a line they would make HTML of the whole line.
  const text = source
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/<!--=[^>]*?-->|<!--\/-->/g, '');
  const tokens = md.parse(text, {});
  const result: Rendered = {
    title: { html: '', text: '' },
    html: '',
    headings: [],
    sections: [{ id: '', heading: '', text: '' }],
    links: [],
    further: [],
    interactives: [],
    figures: [],
    mistakes,
  };

  /** Everything inside one inline token, with the line of each child. */
  const readInline = (token: Token, first: number, inExercises: boolean): void => {
    let line = first;
    const closers: string[] = [];
    for (const child of token.children ?? []) {
      switch (child.type) {
        case 'math_inline': {
          const display = (child.meta as { display: boolean }).display;
          child.meta!.html = attempt(line, () => tex(child.content, display)) ?? '';
          break;
        }
        case 'link_open': {
          const href = String(child.attrGet('href') ?? '');
          const target = attempt(line, () => about.link(href));
          if (target && 'closed' in target) {
            child.tag = 'span';
            child.attrs = [
              ['class', 'closed'],
              ['title', target.closed],
            ];
            closers.push('span');
          } else {
            if (target && 'site' in target) {
              child.attrSet('href', target.site.startsWith('#') ? target.site : inSite(target.site));
              result.links.push({ to: target.site, line });
            } else if (target) {
              child.attrSet('href', target.url);
            }
            closers.push('a');
          }
          break;
        }
        case 'link_close':
          child.tag = closers.pop() ?? 'a';
          break;
        case 'image':
          wrong(line, 'a picture stands alone in its paragraph, as a figure does; this one stands in a sentence.');
          break;
        case 'html_inline':
          if (!/^<!--/.test(child.content)) wrong(line, `raw HTML (${child.content.slice(0, 30)}) does not belong in a lesson.`); // prettier-ignore
          child.content = '';
          break;
        case 'code_inline':
          if (inExercises && about.exercises.includes(child.content)) {
            const name = child.content;
            child.type = 'html_inline';
            child.content = `<a href="#exercise-${name}"><code>${escape(name)}</code></a>`;
          }
          break;
      }
      line += child.type === 'softbreak' || child.type === 'hardbreak' ? 1 : (child.content.match(/\n/g) ?? []).length;
    }
  };
  const tex = (content: string, display: boolean): string => {
    try {
      return formula(content, display, colours);
    } catch (error) {
      const says = (error as Error).message.replace(/^KaTeX parse error: /, '');
      throw new Error(`TeX: ${says}`, { cause: error });
    }
  };

  const out: Token[] = [];
  const html = (content: string): Token => {
    const token = new (tokens[0]!.constructor as new (type: string, tag: string, nesting: number) => Token)(
      'html_block',
      '',
      0,
    );
    token.content = content;
    return token;
  };
  let expects: { kind: 'print' | 'code'; reference: string; line: number } | undefined;
  let section = { exercises: false, further: false };
  let cards = false;
  const slots: number[] = [];
  let lastLine = 1;
  const footnotes = takeFootnotes(tokens);

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const line = token.map ? token.map[0] + 1 : lastLine;
    lastLine = line;
    if (token.type === 'html_block') {
      for (const [k, comment] of token.content.split('\n').entries()) {
        if (comment.trim() === '') continue;
        const open = /^\s*<!-- (print|code|figure|interactive):\s*(.*?)\s*-->\s*$/.exec(comment);
        if (open?.[1] === 'interactive') {
          const name = open[2]!;
          if (!about.interactives.includes(name))
            wrong(line + k, `there is no interactive figure "${name}"; there are ${about.interactives.join(', ')}.`);
          else if (result.interactives.some((each) => each.name === name))
            wrong(line + k, `the interactive figure "${name}" stands on this page already.`);
          else {
            result.interactives.push({ name, line: line + k });
            out.push(html(`<!--interactive:${name}-->\n`));
          }
        } else if (open?.[1] === 'print' || open?.[1] === 'code')
          expects = { kind: open[1], reference: open[2]!, line: line + k };
        else if (/^\s*<!-- exercises -->\s*$/.test(comment)) {
          cards = true;
          out.push(html('<!--cards-->\n'));
        } else if (!/^\s*<!--.*-->\s*$/.test(comment)) {
          wrong(line + k, `raw HTML (${comment.trim().slice(0, 30)}) does not belong in a lesson.`);
        }
      }
      continue;
    }
    if (token.type === 'math_block') {
      const rendered = attempt(line, () => tex(token.content, true));
      token.meta = { html: `<div class="display">${rendered ?? ''}</div>\n` };
    }
    if (token.type === 'fence' || token.type === 'code_block') {
      const language = token.type === 'fence' ? token.info.trim().split(/\s+/)[0]! : 'text';
      if (!knows(language)) wrong(line, `code in "${language}" cannot be coloured; use ts, sh, json, python or text.`);
      let block = codeBlock(token.content, knows(language) ? language : 'text');
      if (expects?.kind === 'print') block = codeBlock(token.content, 'text', { kind: 'printed' });
      if (expects?.kind === 'code') {
        const { reference, line: at } = expects;
        const piece = attempt(at, () => about.piece(reference));
        if (piece) {
          const lines = piece.text.split('\n').length;
          if (piece.text !== token.content.replace(/\n$/, ''))
            wrong(at, `this is not what ${reference} says today: run "npm run lessons".`);
          const where = `<a href="${escape(about.inRepository(piece.path, piece.line, piece.line + lines - 1))}"><span>${escape(piece.path).replaceAll('/', '/<wbr>')}</span>, ${words.lines(piece.line, piece.line + lines - 1)}</a>`;
          block = piece.withheld
            ? `<p class="withheld">${escape(words.closed)}</p>`
            : codeBlock(token.content, language, { where, line: piece.line });
        }
      }
      expects = undefined;
      token.type = 'fence';
      token.meta = { html: block };
      out.push(token);
      continue;
    }
    if (token.type === 'heading_open') {
      const inlineToken = tokens[i + 1]!;
      const level = Number(token.tag.slice(1));
      readInline(inlineToken, line, false);
      const plain = plainText(inlineToken);
      const id = String(token.attrGet('id') ?? slug(plain));
      const rendered = md.renderer.render([inlineToken], md.options, {});
      if (result.title.text === '' && level === 1) {
        result.title = { html: rendered, text: plain };
        i += 2;
        continue;
      }
      if (level === 1) wrong(line, 'a lesson has one heading of the first level, its title; make this one "##".');
      if (result.headings.some((each) => each.id === id) || id !== slug(plain))
        wrong(line, `there is a heading "${plain}" on this page already; anchors must tell them apart.`);
      const above = result.headings.at(-1)?.level ?? 1;
      if (level > above + 1)
        wrong(line, `"${plain}" is a heading of level ${level} right under one of level ${above}.`);
      if (level === 2 && section.exercises && !cards) {
        cards = true;
        out.push(html('<!--cards-->\n'));
      }
      if (level === 2) section = { exercises: EXERCISES.test(plain), further: false };
      if (FURTHER.test(plain)) section = { ...section, further: true };
      else if (section.further) section = { ...section, further: false };
      result.headings.push({ level, id, text: plain });
      result.sections.push({ id, heading: plain, text: '' });
      out.push(
        html(
          `<h${level} id="${escape(id)}">${rendered}<a class="anchor" href="#${escape(id)}" aria-label="${escape(words.sectionLink(plain))}">#</a></h${level}>\n`,
        ),
      );
      i += 2;
      continue;
    }
    if (token.type === 'paragraph_open') {
      const inlineToken = tokens[i + 1]!;
      const children = inlineToken.children ?? [];
      if (children.length === 1 && children[0]!.type === 'image') {
        const [image] = children as [Token];
        const alt = image.content.trim();
        const src = String(image.attrGet('src') ?? '');
        const name = /^figures\/([\p{L}\p{N}_-]+)\.svg$/u.exec(decodeURI(src))?.[1];
        if (alt === '') wrong(line, `the picture ${src} has no text for those who cannot see it: write ![what it shows](${src}).`); // prettier-ignore
        if (name === undefined) wrong(line, `"${src}" is no figure of this chapter: figures are figures/name.svg.`);
        else {
          const svg = attempt(line, () => inlineSvg(about.figure(name), name));
          if (result.figures.includes(name)) wrong(line, `the figure "${name}" stands on this page already.`);
          result.figures.push(name);
          result.sections.at(-1)!.text += ` ${alt}`;
          out.push(
            html(
              `<figure class="figure-block"><div class="scroll">${svg ?? ''}</div><figcaption>${escape(alt)}</figcaption></figure>\n`,
            ),
          );
        }
        i += 2;
        continue;
      }
    }
    if (token.type === 'inline') {
      readInline(token, line, section.exercises);
      for (const child of token.children ?? []) {
        if (child.type !== 'footnote_ref') continue;
        const { id } = child.meta as { id: number };
        const note = footnotes.get(id);
        if (note) readInline(note.token, note.line, false);
        const n = id + 1;
        child.meta!.html =
          `<span class="note-mark"><input type="checkbox" class="note-toggle" id="note-${n}"><label for="note-${n}"><span class="visually-hidden">${escape(words.note(n))}</span><sup aria-hidden="true">${n}</sup></label>` +
          `<span class="note"><sup aria-hidden="true">${n}</sup> ${note ? md.renderer.render([note.token], md.options, {}) : ''}</span></span>`;
      }
      result.sections.at(-1)!.text += ` ${plainText(token)}`;
    }
    out.push(token);
  }
  if (section.exercises && !cards) out.push(html('<!--cards-->\n'));
  else if (!cards && about.exercises.length > 0) slots.push(out.length);
  if (slots.length > 0) out.push(html('<!--cards-->\n'));
  if (result.title.text === '') wrong(1, 'a lesson begins with its title: "# …".');
  result.further = furtherReading(out);
  result.html = md.renderer.render(out, md.options, {});
  return result;
}

/** Removes the block of footnotes at the end; a note is one paragraph. */
function takeFootnotes(tokens: Token[]): Map<number, { token: Token; line: number }> {
  const notes = new Map<number, { token: Token; line: number }>();
  const begin = tokens.findIndex((token) => token.type === 'footnote_block_open');
  if (begin < 0) return notes;
  let id = -1;
  for (const token of tokens.splice(begin)) {
    if (token.type === 'footnote_open') ({ id } = token.meta as { id: number });
    if (token.type !== 'inline' || notes.has(id)) continue;
    token.children = (token.children ?? []).filter((child) => child.type !== 'footnote_anchor');
    notes.set(id, { token, line: (token.map?.[0] ?? 0) + 1 });
  }
  return notes;
}

/** The items of the lists after "Further reading" headings. */
function furtherReading(tokens: readonly Token[]): Rendered['further'] {
  const found: Rendered['further'] = [];
  let reading = false;
  let depth = 0;
  let item: Token[] = [];
  for (const token of tokens) {
    const heading = token.type === 'html_block' ? /^<h\d id="[^"]*">(.*?)<a class="anchor"/.exec(token.content) : null;
    if (heading) reading = FURTHER.test(heading[1]!);
    if (!reading) continue;
    if (token.type === 'list_item_open' && depth++ === 0) item = [];
    else if (token.type === 'list_item_close' && --depth === 0) {
      const inlines = item.filter((each) => each.type === 'inline');
      found.push({
        html: inlines
          .map((each) => md.renderer.render([each], md.options, {}))
          .join(' ')
          .replace(/\n/g, ' '),
        text: inlines.map(plainText).join(' '),
      });
    } else if (depth > 0) item.push(token);
  }
  return found;
}

function plainText(token: Token): string {
  return (token.children ?? [])
    .map((child) => {
      if (child.type === 'text' || child.type === 'code_inline') return child.content;
      if (child.type === 'html_inline') return child.content.replace(/<[^>]*>/g, '');
      if (child.type === 'softbreak' || child.type === 'hardbreak') return ' ';
      return child.type === 'math_inline'
        ? child.content
            .replace(/\\[a-z]+|[{}\\]/gi, ' ')
            .replace(/\s+/g, ' ')
            .trim()
        : '';
    })
    .join('')
    .trim();
}
