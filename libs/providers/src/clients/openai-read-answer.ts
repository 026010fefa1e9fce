import { BadAnswerError } from './bad-answer.js';
import type { Answer, AnswerPiece } from './openai-answer.js';
import { readEvents, readText } from './response-body.js';

/** Is told of each piece once it is part of the answer; `ended` when no more can come. */
type OnPiece = (piece: AnswerPiece, ended: boolean) => void;

/** Reads an answer that comes in one. Rejects with BadAnswerError for what is not an answer. */
export async function readWholeAnswer(response: Response, answer: Answer, onPiece: OnPiece): Promise<void> {
  const body = await readText(response);
  checkType(response, 'json');
  const piece = answer.add(body);
  if (answer.finish === undefined) throw new BadAnswerError('the answer has no choices or no finish reason');
  onPiece(piece, true);
}

/** Reads an answer that comes in events. Rejects with BadAnswerError also for one that breaks off. */
export async function readStreamedAnswer(
  response: Response,
  answer: Answer,
  onPiece: OnPiece,
): Promise<void> {
  if (!contentTypeOf(response).includes('event-stream')) {
    await response.body?.cancel();
    checkType(response, 'event-stream');
  }
  for await (const event of readEvents(response)) {
    onPiece(answer.add(event), answer.finish !== undefined);
  }
  if (answer.finish === undefined) {
    throw new BadAnswerError('the stream ended before the answer was complete');
  }
}

function contentTypeOf(response: Response): string {
  return response.headers.get('content-type') ?? '';
}

function checkType(response: Response, expected: string): void {
  const type = contentTypeOf(response);
  if (!type.includes(expected)) {
    throw new BadAnswerError(`content type ${type.slice(0, 80) || 'missing'} in place of ${expected}`);
  }
}
