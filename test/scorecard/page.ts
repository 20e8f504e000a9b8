/** `SCORECARD.md`: the scorecard for readers of the repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scorecard } from './card.ts';
import { ROOT } from './judge-hash.ts';
import { INTRODUCTION, sections, type Block } from './model.ts';

export const PAGE = join(ROOT, 'SCORECARD.md');
export const CARD = join(ROOT, 'test', 'scorecard', 'scorecard.json');
/** What was found and mended, written by hand. */
export const FOUND = join(ROOT, 'test', 'scorecard', 'found.md');

const cell = (text: string) => text.replaceAll('|', '\\|');

function markdown(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'table': {
      const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
      const rule = block.head.map((_, i) => (i < block.words ? '---' : '---:'));
      return [line(block.head), line(rule), ...block.rows.map(line)].join('\n');
    }
    case 'details':
      return `<details>\n<summary>${inHtml(block.says)}</summary>\n\n${block.blocks.map(markdown).join('\n\n')}\n\n</details>`;
  }
}

const inHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** The page. @param found the part that is written by hand */
export function page(card: Scorecard, found: string = readFileSync(FOUND, 'utf8')): string {
  const parts = sections(card).map(({ title, blocks }) => `## ${title}\n\n${blocks.map(markdown).join('\n\n')}`);
  const [first, ...rest] = parts;
  return [
    '# Scorecard',
    '<!-- Made by `npm run scorecard`; what was found and mended is written in test/scorecard/found.md. -->',
    ...INTRODUCTION,
    first,
    found.trim(),
    ...rest,
    '',
  ].join('\n\n').replace(/\n+$/, '\n'); // prettier-ignore
}

export const readCard = (): Scorecard => JSON.parse(readFileSync(CARD, 'utf8')) as Scorecard;
