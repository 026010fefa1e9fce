import { normalize } from 'node:path';
import { type Gathered, type Issue, type WorkflowStep } from './workflow.js';

/** All steps taken together: what is named again is kept where it was named first. */
export function gather(steps: readonly WorkflowStep[]): Gathered {
  return {
    filesChecked: paths(steps.flatMap(({ filesChecked }) => filesChecked)),
    relevantFiles: paths(steps.flatMap(({ relevantFiles }) => relevantFiles)),
    relevantContext: distinct(steps.flatMap(({ relevantContext }) => relevantContext)),
    findings: steps.map(({ findings }) => findings).filter((findings) => findings.trim() !== ''),
    hypotheses: steps.flatMap(({ stepNumber, hypothesis, confidence }) =>
      hypothesis === undefined ? [] : [{ step: stepNumber, hypothesis, confidence }],
    ),
    issues: issues(steps),
    images: distinct(steps.flatMap(({ images }) => images)),
    confidence: steps.at(-1)?.confidence ?? 'exploring',
  };
}

function distinct(items: readonly string[]): string[] {
  return [...new Set(items)];
}

function paths(all: readonly string[]): string[] {
  return distinct(all.map(withoutDetours));
}

/** `/a/./b/` and `/a/b` are one place; links are not followed, since a path need not exist any more. */
function withoutDetours(path: string): string {
  const plain = normalize(path);
  return plain.length > 1 ? plain.replace(/[/\\]+$/, '') || plain : plain;
}

/** A step often repeats the issues of the steps before it. */
function issues(steps: readonly WorkflowStep[]): Issue[] {
  const byContent = new Map<string, Issue>();
  for (const issue of steps.flatMap((step) => step.issues)) {
    const { severity, description, file, line, type } = issue;
    const key = JSON.stringify([severity, description, file, line, type]);
    if (!byContent.has(key)) byContent.set(key, issue);
  }
  return [...byContent.values()];
}
