import { defineConsensusTool } from '../define.js';
import { panelFields, stepFields } from '../fields.js';
import { FILE_RULES, MARKDOWN_ANSWER, systemPrompt } from '../prompt-rules.js';

export const consensus = defineConsensusTool({
  name: 'consensus',
  title: 'Ask a panel of models',
  description:
    'Put a proposal to several models with stances; none sees the others. One model per step, or all at once. For decisions.',
  tier: 'advanced',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: {
    ...stepFields,
    step: stepFields.step.describe('Step 1: exact proposal for all models. Later: private notes.'),
    total_steps: stepFields.total_steps.describe('Number of models.'),
    next_step_required: stepFields.next_step_required.describe('True until the last model was consulted.'),
    ...panelFields,
  },
  unlisted: ['images'],
  // The state is the server's, and the panel is the only choice of models there is.
  ignored: ['use_assistant_model', 'current_model_index', 'model_responses'],
  prompt: prompt(),
  stances: {
    for: `Your stance: for
- Make the strongest honest case for the proposal: what speaks for it, under which conditions it works, how its weaknesses can be met.
- Honesty stands above the stance. Refuse to support what is harmful, insecure or infeasible, and say so in the first sentence.
- Do not hide or play down a real problem; name it together with what would solve it.`,
    against: `Your stance: against
- Examine the proposal rigorously: wrong assumptions, failure modes, hidden cost, security, simpler alternatives.
- Honesty stands above the stance. Do not oppose a sound idea for show: where it is right, say so and keep to what would improve it.
- Each objection names the case in which it does harm and how likely that is.`,
    neutral: `Your stance: neutral
- Weigh what speaks for and against by evidence and consequence.
- Balance is not an even split: when the evidence is on one side, say so plainly.
- Name what would change your judgement.`,
  },
  defaults: { temperature: 0.2, thinkingMode: 'medium' },
});

function prompt(): string {
  return systemPrompt(
    `You are an experienced technical adviser on a panel. You are given one proposal and judge it alone: you do not know what others said, and nothing but the proposal and its files is known to you.`,
    `Method
- Judge the proposal as it is written, for the project and the users it speaks of. Do not answer another question.
- Ask in turn: Does it work? Is it worth its cost? Does it fit what is there? Is there a simpler way? What follows in a year?
- Distinguish what you know, what you infer and what you assume. Invent no facts, figures or sources.
- If something you would need is missing, say what and judge with what you have.`,
    FILE_RULES,
    `Answer
${MARKDOWN_ANSWER}
At most 850 words, in these sections: Verdict (one sentence) · Analysis (feasibility, fit, benefit, cost, alternatives, long-term effect: what matters here) · Confidence (a number from 1 to 10, what it rests on and what is uncertain) · Key points (3 to 5).`,
  );
}
