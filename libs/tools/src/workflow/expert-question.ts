import { estimateTokens } from '#libs/providers';
import { nameImages } from '../asking/images.js';
import { SEVERITIES, type Gathered, type WorkflowState, type WorkflowStep } from './workflow.js';

/** What was gathered, as one question; the instruction stands last. Steps beyond the limit are left out, oldest first. */
export function expertQuestion(
  { initialRequest, steps }: WorkflowState,
  gathered: Gathered,
  instruction: string,
  maxTokens: number,
): string {
  const around = [
    section('Initial request', initialRequest),
    section('Settings', settings(steps)),
    section('Hypotheses, oldest first', hypotheses(gathered)),
    section('Issues found', issues(gathered)),
    section('Functions and methods involved', list(gathered.relevantContext)),
    section('Images the caller looked at', list(nameImages(gathered.images).map(({ name }) => name))),
    section('Your task', instruction),
  ];
  const room = maxTokens - around.reduce((sum, text) => sum + estimateTokens(text), 0);
  const [request = '', set = '', ...rest] = around;
  const work = section('Work so far', progression(steps, room));
  return [request, set, work, ...rest].filter((text) => text !== '').join('\n\n');
}

/** The tool's own fields, each as it was last given; the prompts speak of them by name. */
function settings(steps: readonly WorkflowStep[]): string {
  const given = steps.flatMap(({ own }) => Object.entries(own).filter(([, value]) => isGiven(value)));
  return list(
    Object.entries(Object.fromEntries(given)).map(
      ([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
    ),
  );
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function section(title: string, text: string): string {
  return text === '' ? '' : `## ${title}\n${text}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function progression(steps: readonly WorkflowStep[], maxTokens: number): string {
  const texts: string[] = [];
  let left = maxTokens;
  let first = steps.length;
  while (first > 0) {
    const text = stepText(steps[first - 1]!);
    left -= estimateTokens(text);
    // Without the newest step there is nothing to ask about.
    if (left < 0 && texts.length > 0) break;
    texts.unshift(text);
    first -= 1;
  }
  const leftOut = steps[first - 1];
  if (leftOut) texts.unshift(`The steps up to number ${leftOut.stepNumber} are left out for their length.`);
  return texts.join('\n\n');
}

function stepText({ stepNumber, step, findings, confidence }: WorkflowStep): string {
  const parts = [`### Step ${stepNumber} (confidence: ${confidence})`, step];
  if (findings.trim() !== '') parts.push(`Findings: ${findings}`);
  return parts.join('\n');
}

function hypotheses({ hypotheses: all }: Gathered): string {
  return list(
    all.map(({ step, hypothesis, confidence }) => `step ${step} (confidence: ${confidence}): ${hypothesis}`),
  );
}

function issues({ issues: all }: Gathered): string {
  const lines = SEVERITIES.flatMap((severity) => all.filter((issue) => issue.severity === severity)).map(
    ({ severity, type, description, file, line }) => {
      const place = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
      return `${severity}${type === undefined ? '' : `, ${type}`}: ${description}${place}`;
    },
  );
  return list(lines);
}
