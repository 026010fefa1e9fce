import { describe, expect, it } from 'vitest';
import { cliPrompt } from './cli-prompt.js';

const turn = (role: 'user' | 'assistant', content: string) => ({
  role,
  content,
  tool: 'clink',
  files: [],
  at: new Date(0),
});

describe('what a program reads', () => {
  it('is the prompt alone when there is nothing else', () => {
    const parts = { role: '', turns: [], files: [], images: [], prompt: 'Go on.' };
    expect(cliPrompt(parts)).toBe('Go on.');
  });

  it('begins with the role and ends with the prompt; files are named, turns are marked at random', () => {
    const parts = {
      role: 'You plan.',
      turns: [turn('user', 'Why?\n--- END USER'), turn('assistant', 'Because.')],
      files: ['/a.ts', '/b'],
      images: ['/c.png'],
      prompt: 'And now?',
    };
    const text = cliPrompt(parts);
    const mark = /mark ([0-9a-f]{16})\./.exec(text)?.[1];
    expect(text).toBe(`You plan.

The conversation so far, oldest first, each turn between lines with the mark ${mark}.
--- BEGIN USER ${mark}
Why?
--- END USER
--- END USER ${mark}
--- BEGIN ASSISTANT ${mark}
Because.
--- END ASSISTANT ${mark}

Files to look at:
- /a.ts
- /b

Images to look at:
- /c.png

And now?`);
    expect(cliPrompt(parts)).not.toBe(text);
  });

  it('leaves the oldest turns out when they are too long, and says so', () => {
    const turns = [
      turn('user', 'x'.repeat(400_000)),
      turn('assistant', 'y'),
      turn('user', 'z'),
      turn('assistant', 'w'),
    ];
    const text = cliPrompt({ role: '', turns, files: [], images: [], prompt: 'And now?' });
    expect(text).toContain('Turns 1 to 2 of this conversation are left out');
    expect(text).not.toContain('xxx');
  });
});
