/** Figures for the page: the lessons' SVG files, inline, following the site's theme, with ids of their own. */

const DARK = /@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}/g;

/**
 * An SVG file as inline SVG.
 * @param name unique on its page; every id inside begins with it
 * @throws Error when the figure says nothing to those who cannot see it
 */
export function inlineSvg(svg: string, name: string): string {
  const id = `figure-${name}`;
  let text = svg
    .replace(/<\?xml[^>]*\?>\s*|<!--[^]*?-->/g, '')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
  const open = /^<svg\b[^>]*>/.exec(text)?.[0];
  if (!open) throw new Error(`the figure "${name}" is no SVG.`);
  for (const part of ['title', 'desc'])
    if (!new RegExp(`<${part}\\b[^>]*>[^<]*\\S[^<]*</${part}>`).test(text))
      throw new Error(`the figure "${name}" has no <${part}>: say in it what there is to see.`);

  const css: string[] = [];
  text = text.replace(/<style>([^]*?)<\/style>\n?/g, (_, style: string) => {
    // The drawing tools' own style is in the site's style sheet, where it follows the theme.
    if (!/--ground/.test(style)) css.push(scoped(style, id, /class="([\w-]+)"/.exec(open)?.[1]));
    return '';
  });
  text = text
    .replace(/(\s)id="([^"]+)"/g, `$1id="${id}-$2"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${id}-$1)`)
    .replace(/(\s(?:xlink:)?href)="#([^"]+)"/g, `$1="#${id}-$2"`)
    .replace(
      /(\saria-(?:labelledby|describedby))="([^"]+)"/g,
      (_, attribute: string, ids: string) => `${attribute}="${ids.trim().split(/\s+/).map((each) => `${id}-${each}`).join(' ')}"`, // prettier-ignore
    )
    .replace(/(?: (?:fill|stroke)="#[0-9a-f]{3,6}")*( [a-z-]+="[^"#]*")*(?: (?:fill|stroke)="#[0-9a-f]{3,6}")* style="([^"]*)"/g, (whole, _, style: string) => classes(whole, style)); // prettier-ignore
  text = shortPaths(text);
  const size = Number(/\bwidth="([\d.]+)"/.exec(open)?.[1] ?? /viewBox="\S+ \S+ ([\d.]+)/.exec(open)?.[1] ?? 480);
  const head = /^<svg\b[^>]*>/.exec(text)![0];
  // A wide picture may be pushed sideways on a phone rather than shrink until nobody can read it.
  const begin = head
    .replace(/ xmlns="[^"]*"/, '')
    .replace(/^<svg/, `<svg id="${id}"`)
    .replace(/>$/, ` style="--least:${Math.round(size * 0.78)}px">`);
  return begin + (css.length > 0 ? `<style>${css.join('')}</style>` : '') + text.slice(head.length);
}

/** `fill="#0b62c4" style="fill:var(--query)"` says one thing three times; a class says it once. */
function classes(whole: string, style: string): string {
  const names: string[] = [];
  for (const declaration of style.split(';').filter(Boolean)) {
    const found = /^(fill|stroke):var\(--([a-z]+)\)$/.exec(declaration.trim());
    if (!found) return whole;
    names.push(`${found[1] === 'fill' ? 'f' : 's'}-${found[2]}`);
  }
  const rest = whole.replace(/ style="[^"]*"/, '').replace(/ (fill|stroke)="#[0-9a-f]{3,6}"/g, '');
  return `${rest} class="${names.join(' ')}"`;
}

/** A figure's own rules, for this figure only, its dark ones for the site's dark theme. */
function scoped(style: string, id: string, own: string | undefined): string {
  const rules = (text: string, prefix: string) =>
    [...text.matchAll(/([^{}]+)\{([^{}]*)\}/g)]
      .map(([, selectors, body]) => {
        const each = selectors!.split(',').map((selector) => {
          const inside = selector.trim().replace(own === undefined ? /^$/ : new RegExp(`^\\.${own}\\b\\s*`), '');
          return `${prefix}#${id} ${inside}`.trim();
        });
        return `${each.join(',')}{${body!.trim().replace(/\s*([:;])\s*/g, '$1')}}`;
      })
      .join('');
  let dark = '';
  const light = style.replace(DARK, (_, inner: string) => {
    dark += inner;
    return '';
  });
  return (
    rules(light, '') +
    (dark === ''
      ? ''
      : `@media(prefers-color-scheme:dark){${rules(dark, ':root:not([data-theme=light]) ')}}` +
        rules(dark, ':root[data-theme=dark] '))
  );
}

const PATH = / d="((?:[ML]-?[\d.]+[ ,]-?[\d.]+)+Z?)"/g;

/**
 * The same paths in fewer letters: tenths of a pixel, each point relative to the one before, pieces that touch joined.
 * A curve of a figure is hundreds of points, and pages are weighed.
 */
export function shortPaths(svg: string): string {
  return svg.replace(PATH, (_, path: string) => {
    const closed = path.endsWith('Z');
    let [x, y] = [NaN, NaN];
    let out = '';
    for (const [, letter, a, b] of path.matchAll(/([ML])(-?[\d.]+)[ ,](-?[\d.]+)/g)) {
      // In tenths, as whole numbers, so that rounding does not add up.
      const [px, py] = [Math.round(Number(a) * 10), Math.round(Number(b) * 10)];
      if (letter === 'M' && px === x && py === y) continue;
      const [from, dx, dy] = letter === 'M' || Number.isNaN(x) ? ['M', px, py] : ['l', px - x, py - y];
      if (from === 'l' && dx === 0 && dy === 0 && !out.endsWith('Z')) continue;
      out += `${from}${tenths(dx)}${dy < 0 ? '' : ' '}${tenths(dy)}`;
      [x, y] = [px, py];
    }
    return ` d="${out}${closed ? 'Z' : ''}"`;
  });
}

const tenths = (n: number): string => String(n / 10).replace(/^(-?)0\./, '$1.');
