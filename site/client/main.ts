/** What every page does beyond being read: theme, copying, places that scroll, contents, search, figures that wake. */
import { FIGURES } from 'virtual:figures';

const root = document.documentElement;
const words = (document.getElementById('words') as HTMLTemplateElement).dataset as Record<string, string>;

// Light or dark: what the system says, until the reader says otherwise.
const dark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
const themeButton = document.querySelector<HTMLButtonElement>('button.theme');
const pressed = () => themeButton?.setAttribute('aria-pressed', String(isDark()));
pressed();
dark.addEventListener('change', pressed);
themeButton?.addEventListener('click', () => {
  root.dataset.theme = isDark() ? 'light' : 'dark';
  pressed();
  try {
    localStorage.setItem('theme', root.dataset.theme);
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
});

// A copy button on every block of code that somebody would type.
for (const block of document.querySelectorAll<HTMLElement>('.code:not(.printed)')) {
  const code = block.querySelector('code');
  if (!code) continue;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = words.copy!;
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(code.textContent!.trimEnd()).then(
      () => {
        button.textContent = words.copied!;
        setTimeout(() => (button.textContent = words.copy!), 1500);
      },
      () => (button.textContent = words.failed!),
    );
  });
  block.append(button);
}

// What scrolls sideways must be reachable with the keyboard, and only that.
const scrollers = document.querySelectorAll<HTMLElement>('pre, .scroll, .display');
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) reach(target as HTMLElement);
});
function reach(element: HTMLElement): void {
  if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}
for (const each of scrollers) observer.observe(each);
// A picture or a formula inside may still grow when fonts arrive.
void document.fonts.ready.then(() => scrollers.forEach(reach));

// An address that points into a closed disclosure opens it.
function openTarget(): void {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  for (let at = target?.parentElement ?? null; at; at = at.parentElement)
    if (at instanceof HTMLDetailsElement) at.open = true;
}
addEventListener('hashchange', openTarget);
openTarget();

// On paper everything is open.
let closed: HTMLDetailsElement[] = [];
addEventListener('beforeprint', () => {
  closed = [
    ...document.querySelectorAll<HTMLDetailsElement>(
      '.exercise details.detail:not([open]), .exercise details.checks:not([open])',
    ),
  ];
  for (const each of closed) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of closed) each.open = false;
});

// The section that is being read, in the contents.
const marks = new Map(
  [...document.querySelectorAll<HTMLAnchorElement>('.contents .sections a')].map(
    (link) => [decodeURIComponent(link.hash.slice(1)), link] as const,
  ),
);
if (marks.size > 0) {
  const headings = [...marks.keys()].map((id) => document.getElementById(id)).filter((each) => each !== null);
  let waiting = false;
  const mark = () => {
    waiting = false;
    let now: string | undefined;
    for (const heading of headings) if (heading.getBoundingClientRect().top < innerHeight * 0.35) now = heading.id;
    for (const [id, link] of marks) link.classList.toggle('now', id === now);
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(mark);
  };
  addEventListener('scroll', soon, { passive: true });
  mark();
}

// Contents over the text close again once a place is chosen.
const contents = document.querySelector<HTMLDetailsElement>('.contents details');
contents?.addEventListener('click', (event) => {
  if (event.target instanceof HTMLAnchorElement && !matchMedia('(min-width:72rem)').matches) contents.open = false;
});

// The search loads when it is first opened.
const openSearch = async () => (await import('./search.ts')).open(words, root.dataset.search!, root.dataset.root!);
document.querySelector('.search-open')?.addEventListener('click', () => void openSearch());
addEventListener('keydown', (event) => {
  const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
  const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !typing;
  const command = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey);
  if (!slash && !command) return;
  event.preventDefault();
  void openSearch();
});

// An exercise's editor loads when somebody wants to write, and nothing that was written runs by itself.
for (const card of document.querySelectorAll<HTMLElement>('.exercise[data-skeleton]')) {
  const button = card.querySelector<HTMLButtonElement>('.solve button');
  button?.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await (await import('../playground/workbench.ts')).open(card);
    } catch {
      button.textContent = words.offline!;
    }
    button.disabled = false;
  });
}

// A lab trains when somebody asks for it.
for (const section of document.querySelectorAll<HTMLElement>('.lab-here')) {
  const button = section.querySelector<HTMLButtonElement>('.solve button');
  button?.addEventListener('click', async () => {
    try {
      await (await import('../playground/lab.ts')).start(section);
    } catch {
      button.textContent = words.offline!;
    }
  });
}

// What has been earned in this browser; a reader who never wrote anything loads nothing for it.
const scores = (): Record<string, never> => {
  try {
    const site = new URL('..', document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')!.href).pathname;
    return JSON.parse(localStorage.getItem(`by-hand ${site} scores`) ?? '{}') as Record<string, never>;
  } catch {
    return {};
  }
};
const earned = scores();
if (Object.keys(earned).length > 0)
  void import('../playground/progress.ts').then(({ showProgress }) => showProgress(earned));

// Interactive figures wake when asked, or at once when the address holds their settings.
const asked = new URLSearchParams(location.search);
for (const figure of document.querySelectorAll<HTMLElement>('.live[data-figure]')) {
  const name = figure.dataset.figure!;
  const load = FIGURES[name];
  const button = figure.querySelector<HTMLButtonElement>('button.wake');
  if (!load || !button) continue;
  const wake = async (focus: boolean) => {
    button.disabled = true;
    const [{ figure: program }, { enliven }] = await Promise.all([load(), import('./enliven.ts')]);
    enliven(figure, program, words, focus);
    button.remove();
  };
  button.addEventListener('click', () => void wake(true));
  if (asked.has(name)) void wake(false);
}
