/** A chapter's lab on the chapter's page: a button that trains it with the reader's own functions. */
import { escape, type Language } from './html.ts';
import { WORDS } from './words.ts';

/** The labs that a page can run, with what is set otherwise than by `npm run lab`, so that somebody may watch. */
export const LABS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'chapter-1': {},
  'chapter-2': { seeds: '1' },
  'chapter-3': {},
  'chapter-4': { length: '30', steps: '400' },
};

export interface LabSource {
  /** "chapter-1" */
  id: string;
  /** "chapter-1-mp" */
  folder: string;
  /** The asset with the texts of all files that it may need. */
  files: string;
}

export function labSection({ id, folder, files }: LabSource, language: Language): string {
  const words = WORDS[language];
  const options = LABS[id]!;
  const flags = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  const command = `npm run lab ${id}${flags.length > 0 ? ` -- ${flags.join(' ')}` : ''}`;
  return `<section class="lab-here needs-js" data-lab="${escape(folder)}" data-files="@=/${escape(files)}" data-options="${escape(JSON.stringify(options))}" aria-labelledby="lab-here">
<h2 id="lab-here">${words.labTitle}</h2>
<p>${words.labAbout} ${words.labSame(`<code>${escape(command)}</code>`, flags.length > 0 ? `<code>${escape(flags.join(' '))}</code>` : '')}</p>
<p class="solve"><button type="button" class="button">${words.labStart}</button></p>
</section>`;
}
