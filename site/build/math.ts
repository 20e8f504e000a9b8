/**
 * Mathematics: `$…$` and `$$…$$`, prerendered by KaTeX as HTML for the eye and MathML for the ear. A TeX error is a mistake
 * of the lesson. Ideas with a colour of their own get it here, so that the lessons stay plain TeX that reads well anywhere.
 */
import katex from 'katex';
import type { MarkdownIt } from 'markdown-it';
import type { Role } from '../lessons/svg.ts';

type Colours = Partial<Record<string, Role>>;

/** Letters that stand for one idea throughout a chapter, or a lesson. */
const LETTERS: readonly [where: RegExp, letters: Colours][] = [
  // L counts layers there.
  [/chapter-2-bp\/mlp\b/, {}],
  // q is a whole number there.
  [/chapter-6-lora\/quantization\b/, {}],
  // L counts places, and V tokens.
  [/chapter-(5|6)/, { Q: 'query', q: 'query', K: 'key', k: 'key', v: 'value' }],
  [/^/, { L: 'loss' }],
];

/** The colours of letters in the formulas of a lesson's file, or of a chapter's folder. */
export function letters(where: string): Colours {
  return LETTERS.find(([place]) => place.test(where))![1];
}

const CLASS = /^role-[a-z]+$/;
const cache = new Map<string, string>();

/**
 * One formula as HTML and MathML.
 * @throws Error in KaTeX's words, when it is not TeX or only almost
 */
export function formula(tex: string, display: boolean, colours: Colours = {}): string {
  const coloured = colour(tex, colours);
  const key = `${display ? 'd' : 'i'}${coloured}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const html = katex.renderToString(coloured, {
    displayMode: display,
    output: 'htmlAndMathml',
    // The one extension that is used here is the class of a colour, which only this module writes.
    strict: (code: string) => (code === 'htmlExtension' ? 'ignore' : 'error'),
    trust: (context: { command: string; class?: string }) =>
      context.command === '\\htmlClass' && CLASS.test(context.class ?? ''),
    throwOnError: true,
  });
  // KaTeX writes a command that it does not trust in red instead of refusing it.
  if (html.includes('color:#cc0000'))
    throw new Error(`a command that is not allowed here, in "${tex.trim().slice(0, 60)}"`);
  // What is copied and read is the lesson's TeX, not ours with its classes.
  const plain = html.replace(
    /(<annotation encoding="application\/x-tex">)[^]*?(<\/annotation>)/,
    (_, open: string, close: string) =>
      open + tex.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;') + close,
  );
  cache.set(key, plain);
  return plain;
}

const TOKEN = /\\[a-zA-Z]+\*?|\\[^]|[^]/g;
/** Commands whose braces hold words, sizes or names, not formulas. */
const OPAQUE =
  /^\\(text|textbf|textit|mathrm|operatorname\*?|mathbf|begin|end|hspace|tag|mathcal|mathbb|color|htmlClass)$/;

/** The source with `\htmlClass` around derivatives of the loss and around letters that have a colour. */
export function colour(tex: string, colours: Colours): string {
  if (Object.keys(colours).length === 0) return tex;
  const tokens = tex.match(TOKEN) ?? [];
  const group = (from: number): number => {
    if (tokens[from] !== '{') return from + 1;
    let depth = 0;
    for (let i = from; i < tokens.length; i++) {
      if (tokens[i] === '{') depth++;
      if (tokens[i] === '}' && --depth === 0) return i + 1;
    }
    return tokens.length;
  };
  const past = (from: number): number => {
    let at = from;
    while (/^\s$/.test(tokens[at] ?? '')) at++;
    return at;
  };
  const out: string[] = [];
  for (let i = 0; i < tokens.length;) {
    const token = tokens[i]!;
    if (OPAQUE.test(token)) {
      const end = group(past(i + 1));
      out.push(tokens.slice(i, end).join(''));
      i = end;
      continue;
    }
    // ∂L/∂x as a fraction, whole: it is one thing, the gradient.
    if (/^\\[dt]?frac$/.test(token)) {
      const top = past(i + 1);
      const middle = group(top);
      const bottom = past(middle);
      const end = group(bottom);
      const [above, below] = [tokens.slice(top, middle).join(''), tokens.slice(bottom, end).join('')];
      if (/^\{\s*\\partial\s*(L|\\ell|\\mathcal\{L\})/.test(above) && /^\{\s*\\partial/.test(below)) {
        out.push(`\\htmlClass{role-gradient}{${tokens.slice(i, end).join('')}}`);
        i = end;
        continue;
      }
    }
    // … and ∂L/∂x on one line.
    if (token === '\\partial' && /^(L|\\ell)$/.test(tokens[past(i + 1)] ?? '')) {
      const slash = past(past(i + 1) + 1);
      const below = past(slash + 1);
      if (tokens[slash] === '/' && tokens[below] === '\\partial') {
        const name = past(below + 1);
        let end = group(name);
        // The name may be \hat x or \mathbf{x}.
        if (/^\\(hat|bar|tilde|vec|dot|mathbf|mathrm|boldsymbol)$/.test(tokens[name] ?? '')) end = group(past(end));
        while (/^[_^']$/.test(tokens[end] ?? '')) end = tokens[end] === "'" ? end + 1 : group(end + 1);
        out.push(`\\htmlClass{role-gradient}{${tokens.slice(i, end).join('')}}`);
        i = end;
        continue;
      }
    }
    const before = tokens[i - 1] ?? '';
    const role = Object.hasOwn(colours, token) ? colours[token] : undefined;
    // A letter in a subscript or superscript is an index there, not the idea.
    if (role !== undefined && !/^[_^]$/.test(before) && !inScript(tokens, i)) {
      out.push(`\\htmlClass{role-${role}}{${token}}`);
      i++;
      continue;
    }
    out.push(token);
    i++;
  }
  return out.join('');
}

function inScript(tokens: readonly string[], at: number): boolean {
  let depth = 0;
  for (let i = at - 1; i >= 0; i--) {
    if (tokens[i] === '}') depth++;
    else if (tokens[i] === '{') {
      if (depth === 0) return /^[_^]$/.test(tokens[i - 1] ?? '');
      depth--;
    }
  }
  return false;
}

/** Teaches markdown-it the dollars; the tokens `math_inline` and `math_block` carry the TeX and are rendered elsewhere. */
export function mathPlugin(md: MarkdownIt): void {
  md.inline.ruler.before('escape', 'math_inline', (state, silent) => {
    const { src, pos } = state;
    if (src[pos] !== '$') return false;
    const display = src[pos + 1] === '$';
    const open = pos + (display ? 2 : 1);
    if (!display && /\s|\$/.test(src[open] ?? ' ')) return false;
    let end = open;
    for (;;) {
      end = src.indexOf(display ? '$$' : '$', end);
      if (end < 0) return false;
      if (src[end - 1] !== '\\') break;
      end++;
    }
    if (end === open || (!display && (/\s/.test(src[end - 1]!) || /\d/.test(src[end + 1] ?? '')))) return false;
    if (!silent) {
      const token = state.push('math_inline', 'math', 0);
      token.content = src.slice(open, end);
      token.meta = { display };
    }
    state.pos = end + (display ? 2 : 1);
    return true;
  });

  md.block.ruler.before(
    'fence',
    'math_block',
    (state, start, last, silent) => {
      const line = (n: number) => state.src.slice(state.bMarks[n]! + state.tShift[n]!, state.eMarks[n]);
      if (!line(start).startsWith('$$')) return false;
      if (silent) return true;
      const first = line(start).slice(2);
      const content: string[] = [];
      let next = start;
      const single = /^(.*)\$\$\s*$/.exec(first);
      if (single) content.push(single[1]!);
      else {
        content.push(first);
        for (next = start + 1; next < last; next++) {
          const now = line(next);
          const close = /^(.*)\$\$\s*$/.exec(now);
          content.push(close ? close[1]! : now);
          if (close) break;
        }
        if (next >= last) return false;
      }
      const token = state.push('math_block', 'math', 0);
      token.content = content.join('\n').trim();
      token.map = [start, next + 1];
      token.block = true;
      token.meta = { display: true };
      state.line = next + 1;
      return true;
    },
    { alt: ['paragraph', 'reference', 'blockquote', 'list'] },
  );
}
