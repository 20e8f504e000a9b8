/** Given to every student; where a file of it is missing, the grader takes the course's own. */
export * from '../../../solutions/chapter-6-lora/frozen-gpt.ts';
