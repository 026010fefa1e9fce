import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer } from './answer.js';
import type { LimitState } from './rate-limits.js';
import type { ChatRequest } from './request.js';

/** A failure as a vendor reports it; each dialect has its own words for the same thing. */
export interface VendorError {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  /** `error.type` of the Anthropic shape. */
  readonly messagesType: string;
}

/** A streamed answer in SSE frames; without the closing ones the client cannot take it for complete. */
export interface Frames {
  readonly opening: readonly string[];
  readonly content: readonly string[];
  readonly closing: readonly string[];
}

/** One vendor API: how requests read and how answers and errors look. */
export interface Dialect {
  readRequest(body: unknown): ChatRequest;
  answerBody(id: string, request: ChatRequest, answer: Answer): object;
  answerFrames(id: string, request: ChatRequest, answer: Answer): Frames;
  /** @param requestId the vendor's own id of the request */
  errorBody(error: VendorError, requestId: string): object;
  errorFrame(error: VendorError, requestId: string): string;
  /** Headers of every response. */
  headers(requestId: string): OutgoingHttpHeaders;
  /** How this vendor tells a client about its limits. */
  limitHeaders(state: LimitState, model: string): OutgoingHttpHeaders;
}

export function frame(data: object | string, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return event === undefined ? `data: ${text}\n\n` : `event: ${event}\ndata: ${text}\n\n`;
}
