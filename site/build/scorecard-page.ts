/** How well the grader grades: the page of what `npm run scorecard` has measured and written to `site/content/scorecard.json`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { read } from './code.ts';
import { escape, slug, type Language } from './html.ts';
import { inline } from './markdown.ts';
import { WORDS } from './words.ts';

const FILE = 'site/content/scorecard.json';

type Block =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: string[] }
  /** `words`: how many columns, from the left, hold words and not numbers. */
  | { kind: 'table'; head: string[]; rows: string[][]; words: number }
  | { kind: 'details'; says: string; blocks: Block[] };

/** Paragraphs and tables; texts are Markdown in a line. */
export interface Scorecard {
  introduction: string[];
  sections: { title: string; blocks: Block[] }[];
}

/** What was measured; nothing where nobody has. */
export const scorecardOf = (root: string): Scorecard | undefined =>
  existsSync(join(root, FILE)) ? (JSON.parse(read(root, FILE)) as Scorecard) : undefined;

export function scorecardPage({ introduction, sections }: Scorecard, language: Language): string {
  const words = WORDS[language];
  const foreign = language === 'en' ? '' : ' lang="en"';
  const parts = sections.map(({ title, blocks }) => {
    const id = slug(title);
    return `<section aria-labelledby="${id}"><h2 id="${id}">${escape(title)}</h2>${blocks.map(html).join('\n')}</section>`;
  });
  return `<main id="text" class="single scorecard">
<header class="title"><h1>${words.scorecard}</h1>${words.notTranslated === '' ? '' : `<p class="untranslated">${words.notTranslated}</p>`}</header>
<div${foreign}>
${introduction.map((text) => `<p>${inline(text)}</p>`).join('\n')}
${parts.join('\n')}
</div>
</main>`;
}

function html(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${inline(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
    case 'table': {
      const { head, rows, words } = block;
      const kind = (i: number) => (i < words ? '' : ' class="n"');
      const headings = head.map((text, i) =>
        text === '' ? `<td></td>` : `<th scope="col"${kind(i)}>${inline(text)}</th>`,
      );
      const lines = rows.map(
        (row) => `<tr>${row.map((text, i) => `<td${kind(i)}>${inline(text)}</td>`).join('')}</tr>`,
      );
      return `<div class="scroll"><table><thead><tr>${headings.join('')}</tr></thead><tbody>${lines.join('\n')}</tbody></table></div>`;
    }
    case 'details':
      return `<details><summary>${inline(block.says)}</summary>${block.blocks.map(html).join('\n')}</details>`;
  }
}
