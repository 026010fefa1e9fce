import { describe, expect, it } from 'vitest';
import { BadAnswerError } from './bad-answer.js';
import { Answer } from './openai-answer.js';
import { usageOf } from './openai-usage.js';

const FIELDS = ['reasoning_content', 'reasoning'];

function answerOf(...chunks: object[]): Answer {
  const answer = new Answer(FIELDS);
  for (const chunk of chunks) answer.add(JSON.stringify(chunk));
  return answer;
}

function delta(fields: object, finish: string | null = null): object {
  return { id: 'chat-1', choices: [{ index: 0, delta: fields, finish_reason: finish }] };
}

describe('the text of an answer', () => {
  it('is kept apart from its reasoning, in the first field of the vendor that is there', () => {
    const answer = answerOf(
      delta({ reasoning: 'a', content: null }),
      delta({ reasoning_content: 'b', reasoning: 'B' }),
      delta({ content: 'c' }, 'stop'),
    );
    expect([answer.reasoning, answer.content]).toEqual(['ab', 'c']);
  });

  it('may come in parts', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
      { type: 'text', text: 'Hi.' },
    ];
    const answer = answerOf(delta({ content }), delta({ content: ' Bye.' }, 'stop'));
    expect([answer.reasoning, answer.content]).toEqual(['Hm.', 'Hi. Bye.']);
  });

  it('loses what no store takes, and no character that was cut in two', () => {
    const answer = new Answer(FIELDS);
    const texts = ['a\\u0000b \\ud83d', '\\ude42 c'].map((escaped) =>
      answer.add(`{"choices":[{"delta":{"content":"${escaped}"}}]}`),
    );
    expect(texts.map(({ text }) => text)).toEqual(['ab ', '🙂 c']);
    expect(answer.content).toBe('ab 🙂 c');
  });

  it('has not ended where a server writes an empty reason', () => {
    const running = { choices: [{ delta: { content: 'x' }, finish_reason: '' }] };
    expect(answerOf(running).finish).toBeUndefined();
  });
});

describe('a piece that comes twice', () => {
  const end = delta({}, 'stop');

  it.each<[string, object[]]>([
    ['the end', [delta({ content: 'x' }), end, end]],
    ['text after the end', [delta({ content: 'x' }), end, delta({ content: 'x' })]],
    ['thoughts after the end', [delta({ content: 'x' }, 'stop'), delta({ reasoning: 'x' })]],
  ])('is refused: %s', (_what, chunks) => {
    expect(() => answerOf(...chunks)).toThrow(BadAnswerError);
  });

  it('is taken for a model that repeats itself in the middle', () => {
    expect(answerOf(delta({ content: 'ha' }), delta({ content: 'ha' }), end).content).toBe('haha');
  });

  it('is not what follows the end by rule: usage, or an empty piece beside it', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const answer = answerOf(
      delta({ content: 'x' }),
      end,
      { ...delta({ role: 'assistant', content: '' }), usage },
      { id: 'chat-1', choices: [], usage },
    );
    expect(answer.usage).toMatchObject(usage);
    expect(answer.finish).toBe('stop');
  });
});

describe('tool calls', () => {
  const piece = (index: number | undefined, fields: object): object =>
    delta({ tool_calls: [{ ...(index !== undefined && { index }), ...fields }] });

  it('are complete when the next one begins, and the last one at the end', () => {
    const answer = answerOf(
      piece(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } }),
      piece(0, { function: { arguments: ':1}' } }),
    );
    expect(answer.calls.complete(false)).toEqual([]);
    answer.add(JSON.stringify(piece(1, { id: 'b', function: { name: 'g', arguments: '' } })));
    expect(answer.calls.complete(false)).toEqual([{ id: 'a', name: 'f', arguments: '{"x":1}' }]);
    answer.add(JSON.stringify(piece(1, { id: '', function: { name: '', arguments: '{}' } })));
    expect(answer.calls.complete(true)).toEqual([{ id: 'b', name: 'g', arguments: '{}' }]);
    expect(answer.calls.complete(true)).toEqual([]);
    expect(answer.calls.all()).toHaveLength(2);
  });

  it('are told apart by id where a vendor numbers them all alike', () => {
    const answer = answerOf(
      piece(0, { id: 'a', function: { name: 'f', arguments: '{}' } }),
      piece(0, { id: 'b', function: { name: 'f', arguments: '{"y":2}' } }),
    );
    expect(answer.calls.all().map(({ id, arguments: text }) => [id, text])).toEqual([
      ['a', '{}'],
      ['b', '{"y":2}'],
    ]);
  });

  it('get an id where the vendor gives none, and their arguments as text where it sends an object', () => {
    const answer = answerOf(piece(undefined, { function: { name: 'f', arguments: { x: [1] } } }));
    expect(answer.calls.all()).toEqual([{ id: 'call_0', name: 'f', arguments: '{"x":[1]}' }]);
  });
});

describe('sources', () => {
  it.each<[string, object]>([
    ['GLM', { web_search: [{ title: 'A', link: 'https://a.example/' }] }],
    ['Perplexity', { search_results: [{ title: 'A', url: 'https://a.example/' }] }],
    [
      'annotations',
      {
        choices: [
          {
            message: {
              content: 'x',
              annotations: [
                { type: 'url_citation', url_citation: { title: 'A', url: 'https://a.example/' } },
              ],
            },
          },
        ],
      },
    ],
  ])('are read in the shape of %s', (_vendor, chunk) => {
    expect(answerOf(chunk).sources).toEqual([{ title: 'A', url: 'https://a.example/' }]);
  });

  it('are each named once, by title where there is one, and only if they are pages', () => {
    const answer = answerOf(
      { citations: ['https://a.example/', 'javascript:alert(1)', 7, null, 'https://b.example/'] },
      { web_search: [{ title: 'A again', link: 'https://a.example/' }, { title: 'no page' }] },
      { web_search: 'nonsense', citations: { not: 'a list' } },
    );
    expect(answer.sources).toEqual([
      { title: 'https://a.example/', url: 'https://a.example/' },
      { title: 'https://b.example/', url: 'https://b.example/' },
    ]);
  });
});

describe('usage', () => {
  const texts = { messages: [{ role: 'user', content: 'x'.repeat(400) } as const], answer: 'y'.repeat(40) };

  function usage(stated: object | undefined, headers: Record<string, string> = {}) {
    const answer = answerOf({ choices: [], ...(stated && { usage: stated }) });
    return usageOf(answer.usage, new Headers(headers), texts);
  }

  it.each<[string, object, object]>([
    ['as it is', { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }, { input: 5, output: 6 }],
    [
      'with reasoning that only the total counts',
      { prompt_tokens: 5, completion_tokens: 6, total_tokens: 31 },
      { input: 5, output: 26, total: 31 },
    ],
    [
      'with the cache of DeepSeek',
      { prompt_tokens: 5, completion_tokens: 6, prompt_cache_hit_tokens: 4 },
      { cached: 4 },
    ],
    [
      'with more cached than there was',
      { prompt_tokens: 5, completion_tokens: 6, cached_tokens: 400 },
      { cached: 5 },
    ],
  ])('is taken %s', (_how, stated, expected) => {
    const read = usage(stated);
    expect(read).toMatchObject(expected);
    expect(read.total).toBe(read.input + read.output);
    expect(read).not.toHaveProperty('estimated');
  });

  it.each<[string, string]>([
    ['nothing', '{"choices":[]}'],
    ['null', '{"choices":[],"usage":null}'],
    ['a number too large', '{"choices":[],"usage":{"prompt_tokens":1e999,"completion_tokens":1e999}}'],
    ['a negative number', '{"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":3}}'],
    ['a text', '{"choices":[],"usage":{"prompt_tokens":"5","completion_tokens":"3"}}'],
  ])('is estimated and said to be so where the vendor counted %s', (_what, json) => {
    const answer = new Answer(FIELDS);
    answer.add(json);
    expect(usageOf(answer.usage, new Headers(), texts)).toEqual({
      input: 100,
      output: 10,
      total: 110,
      estimated: true,
    });
  });

  it('takes cached tokens from the former headers of Kimi where the body is silent', () => {
    const headers = { 'Msh-Context-Cache-Token-Saved': '3' };
    const counted = { prompt_tokens: 5, completion_tokens: 6 };
    expect(usage(counted, headers).cached).toBe(3);
    expect(usage({ ...counted, cached_tokens: 1 }, headers).cached).toBe(1);
    expect(usage(counted, { 'Msh-Context-Cache-Token-Saved': 'many' })).not.toHaveProperty('cached');
  });
});
