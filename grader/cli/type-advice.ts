/** The process behind `advice.ts`: prints what TypeScript finds in the files named, as JSON. */
import { join, relative } from 'node:path';
import ts from 'typescript';

/** One finding. */
export interface Note {
  /** Path under `chapters/`, with forward slashes. */
  file: string;
  line: number;
  column: number;
  message: string;
}

/** The one global beyond the language itself that an exercise has. */
const CONSOLE = `declare const console: Record<'log' | 'info' | 'warn' | 'error' | 'debug' | 'table', (...data: unknown[]) => void>;`;

function notesOn(root: string, files: readonly string[]): Note[] {
  const chapters = join(root, 'chapters');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as {
    config?: ts.MapLike<unknown>;
  };
  const { options } = ts.convertCompilerOptionsFromJson(config?.compilerOptions ?? {}, root);
  // Node's own types take a while to read, and an exercise does not have Node.
  const settings: ts.CompilerOptions = { ...options, types: [], noEmit: true, skipLibCheck: true };
  const host = ts.createCompilerHost(settings);
  const ours = join(chapters, '__console.d.ts').replaceAll('\\', '/');
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === ours || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === ours ? ts.createSourceFile(name, CONSOLE, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const program = ts.createProgram([...files.map((file) => join(chapters, file)), ours], settings, host);
  return files.flatMap((file) => {
    const source = program.getSourceFile(join(chapters, file).replaceAll('\\', '/'));
    if (!source || program.getSyntacticDiagnostics(source).length > 0) return [];
    return program.getSemanticDiagnostics(source).flatMap(({ start, file: at, messageText }): Note[] => {
      if (start === undefined || !at) return [];
      const { line, character } = at.getLineAndCharacterOfPosition(start);
      const message = ts.flattenDiagnosticMessageText(messageText, ' ').split('\n')[0]!;
      const path = relative(chapters, at.fileName).replaceAll('\\', '/');
      return [{ file: path, line: line + 1, column: character + 1, message }];
    });
  });
}

const [root, ...files] = process.argv.slice(2);
if (root !== undefined) process.stdout.write(JSON.stringify(notesOn(root, files)));
