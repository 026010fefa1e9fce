import type { ModelToolCall } from '../model-client.js';
import { cleanText } from './clean-text.js';
import type { WireToolCallPiece } from './openai-wire.js';

interface OpenCall {
  id: string;
  type: string;
  name: string;
  readonly pieces: string[];
}

/** A call as the vendor wants it back. */
export interface WireToolCall {
  readonly id: string;
  readonly type: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Puts the calls of an answer together from their pieces. Vendors send them one after another. */
export class ToolCallList {
  private readonly calls: OpenCall[] = [];
  private readonly byIndex = new Map<number, OpenCall>();
  private told = 0;

  add(pieces: readonly WireToolCallPiece[]): void {
    for (const [position, piece] of pieces.entries()) this.addPiece(piece, piece.index ?? position);
  }

  get size(): number {
    return this.calls.length;
  }

  /** The calls that are complete and were not returned before: all but the last one, until the answer has ended. */
  complete(ended: boolean): readonly ModelToolCall[] {
    const until = ended ? this.calls.length : this.calls.length - 1;
    if (until <= this.told) return [];
    const from = this.told;
    this.told = until;
    return this.calls.slice(from, until).map((call, index) => callOf(call, from + index));
  }

  all(): readonly ModelToolCall[] {
    return this.calls.map(callOf);
  }

  wire(): readonly WireToolCall[] {
    return this.calls.map((call, index) => {
      const { id, name, arguments: text } = callOf(call, index);
      return { id, type: call.type, function: { name, arguments: text } };
    });
  }

  private addPiece(piece: WireToolCallPiece, index: number): void {
    const id = piece.id ?? '';
    const name = piece.function?.name ?? '';
    const known = this.byIndex.get(index);
    // Some vendors number every call 0: a new id with a name begins another one all the same.
    const isNew = !known || (id !== '' && known.id !== '' && id !== known.id && name !== '');
    const call = isNew ? { id: '', type: 'function', name: '', pieces: [] } : known;
    if (isNew) {
      this.calls.push(call);
      this.byIndex.set(index, call);
    }
    call.id ||= id;
    call.name ||= name;
    call.type = piece.type || call.type;
    const text = piece.function?.arguments;
    if (text) call.pieces.push(typeof text === 'string' ? text : JSON.stringify(text));
  }
}

/** A vendor that gives its calls no id gets one made up, as answers are matched by it. */
function callOf({ id, name, pieces }: OpenCall, index: number): ModelToolCall {
  return {
    id: cleanText(id) || `call_${index}`,
    name: cleanText(name),
    arguments: cleanText(pieces.join('')),
  };
}
