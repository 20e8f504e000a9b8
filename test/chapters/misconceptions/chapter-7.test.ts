import { testMisconceptions } from './misconceptions.ts';

await testMisconceptions('chapter-7');
