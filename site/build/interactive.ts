/** An interactive figure as everybody sees it first: a picture, its caption, and the place where its controls will stand. */
import { startOf, type Interactive } from '../interactive/interactive.ts';
import { shortPaths } from './figure.ts';
import { escape, type Language } from './html.ts';
import { WORDS } from './words.ts';

/** @param alive whether the page may load the program behind it */
export function still(figure: Interactive, language: Language, alive: boolean): string {
  const id = `live-${figure.name}`;
  const [width, height] = figure.size;
  const state = startOf(figure);
  return `<figure class="live" id="${id}"${alive ? ` data-figure="${escape(figure.name)}"` : ''} data-language="${language}">
<div class="scroll"><svg class="figure" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${escape(figure.title[language])}</title><desc id="${id}-text">${escape(figure.description[language])}</desc><g class="drawing">${shortPaths(figure.draw(state, language))}</g></svg></div>
<p class="outcome">${escape(figure.say(state)[language])}</p>
${alive ? `<button type="button" class="wake needs-js">${WORDS[language].expand}</button>` : ''}
<figcaption><strong>${escape(figure.title[language])}.</strong> ${escape(figure.caption[language])}</figcaption>
</figure>
`;
}
