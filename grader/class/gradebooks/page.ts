/**
 * A page that stands by itself: no script, nothing fetched, and nothing of a submission's that a browser would obey. Markup
 * is made here alone: every other file hands over texts, which are escaped, or pieces that came from here.
 */
import { createHash } from 'node:crypto';
import { clean } from '../../reports/wrap.ts';

/** Markup that was made here. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Html | string | number | undefined | readonly Piece[];

/** A text with nothing in it that a browser would obey. */
const escape = (text: string): string => text.replace(/[&<>"']/g, (ch) => `&#${ch.charCodeAt(0)};`);

function textOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map(textOf).join('');
  // A name may also turn the direction of writing, or hide.
  return escape(clean(String(piece)));
}

/** Markup with values in it; values are escaped unless they are markup themselves. */
export function html(strings: TemplateStringsArray, ...values: Piece[]): Html {
  return new Html(strings.map((s, i) => s + (i < values.length ? textOf(values[i]) : '')).join(''));
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --ground: #ffffff; --pane: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --mark: #9a6700; --bar: #3b82a0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --ground: #0d1117;
  --pane: #151b23; --good: #3fb950; --bad: #ff7b72; --mark: #d29922; --bar: #58a6c0; } }
body { margin: 0 auto; max-width: 54rem; padding: 2.5rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; } p { margin: .5rem 0; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .mark { color: var(--mark); }
.sum { font-size: 1.35rem; margin: 1rem 0; } .right { float: right; font-weight: 400; color: var(--soft); font-size: 1rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } .scroll td:first-child { min-width: 12rem; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; } ul { padding-left: 1.25rem; }
details { margin: .25rem 0 1rem; } summary { cursor: pointer; padding: .2rem 0; }
pre { background: var(--pane); padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; margin: .4rem 0 .8rem;
  font: .875rem/1.5 ui-monospace, "SF Mono", "Noto Sans Mono", Consolas, monospace; overflow-wrap: normal; }
.sides { display: flex; flex-wrap: wrap; gap: 0 1.5rem; } .sides > div { flex: 1 1 18rem; min-width: 0; }
code { font: .9375em ui-monospace, "SF Mono", "Noto Sans Mono", Consolas, monospace; font-weight: 600; }
svg { display: block; width: 100%; height: auto; } svg text { fill: currentColor; font-size: 13px; } svg .bar { fill: var(--bar); }
a { color: inherit; } footer { margin-top: 3rem; color: var(--soft); font-size: .875rem; }
@media print { details:not([open]) > * { display: block; } body { max-width: none; } }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A whole page. Its policy allows its own style sheet and nothing else at all. */
export function page(title: string, body: Html): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${textOf(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body.text}
</body>
</html>
`;
}
