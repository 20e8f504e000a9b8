/** The search: a dialog, an index that is loaded once, and results that the arrow keys walk through. */
import MiniSearch, { type SearchResult } from 'minisearch';
import { OPTIONS, SEARCH, terms } from '../search/tokens.ts';

type Words = Record<string, string>;
type Found = SearchResult & { path: string; title: string; heading: string; start: string; foreign?: boolean };

let dialog: HTMLDialogElement | undefined;

/**
 * Opens the search.
 * @param index the address of the index
 * @param root the address of the site's root; paths in the index begin there
 */
export function open(words: Words, index: string, root: string): void {
  dialog ??= make(words, index, root);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector('input')!.select();
}

function make(words: Words, index: string, root: string): HTMLDialogElement {
  const box = document.createElement('dialog');
  box.className = 'search';
  box.setAttribute('aria-label', words.label!);
  box.innerHTML =
    '<form method="dialog"><input type="search" autocomplete="off" spellcheck="false"><button></button></form>' +
    '<p class="status" role="status"></p><ol class="results"></ol>';
  const input = box.querySelector('input')!;
  input.placeholder = words.hint!;
  input.setAttribute('aria-label', words.label!);
  box.querySelector('button')!.textContent = words.close!;
  const list = box.querySelector('ol')!;
  const status = box.querySelector('.status')!;
  const loaded = fetch(index)
    .then((response) => (response.ok ? response.text() : Promise.reject(new Error(String(response.status)))))
    .then((text) => MiniSearch.loadJSON(text, OPTIONS));

  const search = async (): Promise<void> => {
    const query = input.value.trim();
    let engine: MiniSearch;
    try {
      engine = await loaded;
    } catch {
      status.textContent = words.broken!;
      return;
    }
    if (query !== input.value.trim()) return;
    const all = (query === '' ? [] : engine.search(query, SEARCH)) as Found[];
    // What is called exactly that comes first, in either language.
    const named = (each: Found) => each.title.split(' · ').some((name) => name.toLowerCase() === query.toLowerCase());
    const found = [...all.filter(named), ...all.filter((each) => !named(each))].slice(0, 30);
    status.textContent = query === '' ? '' : found.length === 0 ? words.none! : `${found.length} ${words.found}`;
    list.replaceChildren(...found.map((each) => row(each, terms(query), root)));
  };
  input.addEventListener('input', () => void search());
  box.addEventListener('keydown', (event) => {
    const links = [...list.querySelectorAll('a')];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const to = at + (event.key === 'ArrowDown' ? 1 : -1);
      if (to < 0) input.focus();
      else links[Math.min(to, links.length - 1)]?.focus();
    } else if (event.key === 'Enter' && document.activeElement === input) {
      event.preventDefault();
      links[0]?.click();
    }
  });
  box.addEventListener('click', (event) => {
    if (event.target === box || (event.target instanceof Element && event.target.closest('a'))) box.close();
  });
  document.body.append(box);
  return box;
}

function row(found: Found, words: string[], root: string): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = `${root}${found.path}`;
  if (found.foreign) link.lang = 'en';
  const title = document.createElement('strong');
  title.append(...marked(found.title, words));
  const heading = document.createElement('span');
  heading.append(...marked(found.heading, words));
  const text = document.createElement('small');
  text.append(...marked(found.start, words));
  link.append(title, heading, text);
  item.append(link);
  return item;
}

/** The text with the words that were looked for in `<mark>`. */
function marked(text: string, words: string[]): (string | HTMLElement)[] {
  const known = words.filter((word) => word.length > 1).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (known.length === 0) return [text];
  return text.split(new RegExp(`(${known.join('|')})`, 'iu')).map((part, i) => {
    if (i % 2 === 0) return part;
    const mark = document.createElement('mark');
    mark.textContent = part;
    return mark;
  });
}
