/** `SCORECARD.md`: the scorecard for readers of the repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scorecard } from './card.ts';
import { ROOT } from './judge-hash.ts';
import { INTRODUCTION, sections, type Block, type Section } from './model.ts';

export const PAGE = join(ROOT, 'SCORECARD.md');
export const CARD = join(ROOT, 'test', 'scorecard', 'scorecard.json');
/** What the site makes its page of. */
export const CONTENT = join(ROOT, 'site', 'content', 'scorecard.json');
/** What was found and mended, written by hand: a title, paragraphs and lists. */
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

/** What was written by hand, as a section. */
export function foundIn(text: string): Section {
  const [title, ...parts] = text.trim().split(/\n\s*\n/);
  return {
    title: title!.replace(/^#+\s*/, ''),
    blocks: parts.map((part): Block =>
      part.startsWith('- ')
        ? { kind: 'list', items: part.split(/\n(?=- )/).map((item) => flat(item.slice(2))) }
        : { kind: 'text', text: flat(part) },
    ),
  };
}

const flat = (text: string) => text.replace(/\s*\n\s*/g, ' ').trim();

/** All sections, what was found behind the bars. */
function all(card: Scorecard, found: string): Section[] {
  const [bars, ...rest] = sections(card);
  return [bars!, foundIn(found), ...rest];
}

const handWritten = () => readFileSync(FOUND, 'utf8');

/** The page in the repository. @param found the part that is written by hand */
export function page(card: Scorecard, found: string = handWritten()): string {
  return `${[
    '# Scorecard',
    '<!-- Made by `npm run scorecard`; what was found and mended is written in test/scorecard/found.md. -->',
    ...INTRODUCTION,
    ...all(card, found).map(({ title, blocks }) => `## ${title}\n\n${blocks.map(markdown).join('\n\n')}`),
  ].join('\n\n')}\n`;
}

/** What the site makes its page of. */
export function content(card: Scorecard, found: string = handWritten()): string {
  return `${JSON.stringify({ introduction: INTRODUCTION, sections: all(card, found) }, null, 1)}\n`;
}

export const readCard = (): Scorecard => JSON.parse(readFileSync(CARD, 'utf8')) as Scorecard;
