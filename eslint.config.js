import js from '@eslint/js';
import ts from 'typescript-eslint';

/** Who may import whom (README, "For authors"): one rule per folder, so that a wrong arrow fails the build. */
const mayNot = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns: patterns.map(([group, message]) => ({ group: [group], message })) }],
});
const noNode = ['node:*', 'This folder also runs in a browser: no node: modules here.'];
const noSolutions = ['**/solutions/**', 'An oracle is written from the definition, never from a solution.'];
const noChapters = ['**/chapters/**', "The grader never imports a student's file; it runs it in the sandbox."];
const noSite = ['**/site/**', 'Nothing imports the site.'];
const noGrader = ['**/grader/**', 'A lesson’s code knows only #tensor and other chapters.'];

export default ts.config(
  { ignores: ['node_modules', 'site/dist', 'chapters/.backups', 'chapters/**/*.ts'] },
  js.configs.recommended,
  ts.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: { process: 'readonly', URL: 'readonly' } } },
  { files: ['solutions/**/*.ts'], rules: mayNot(noNode, noGrader, noSite, noChapters) },
  { files: ['grader/engine/**/*.ts'], rules: mayNot(noNode, noSolutions, noChapters, noSite) },
  { files: ['grader/chapter-*/**/*.ts'], rules: mayNot(noNode, noSolutions, noChapters, noSite) },
  { files: ['grader/{cli,reports,sandbox}/**/*.ts'], rules: mayNot(noSolutions, noChapters, noSite) },
);
