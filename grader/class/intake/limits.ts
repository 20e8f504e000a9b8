/** How much one submission may bring. An honest one stays far below; a bomb is stopped early. */
export const LIMITS = {
  /** Bytes of an archive as it was handed in. */
  archive: 100 * 2 ** 20,
  /** Bytes that a compressed tar may unfold into; nothing of them is written. */
  unpacked: 256 * 2 ** 20,
  /** Files, folders and links that are looked at. */
  entries: 20_000,
  /** Levels of folders. */
  depth: 40,
  /** Bytes of one file that is taken; the bundler's own limit. */
  file: 256 * 2 ** 10,
  /** Files that are taken. */
  files: 300,
  /** Bytes that are taken altogether. */
  taken: 8 * 2 ** 20,
  /** Characters of a path. */
  path: 1_024,
  /** Characters of one name in a path. */
  name: 200,
  /** Ignored files that are listed one by one; the rest is counted. */
  listed: 60,
} as const;
