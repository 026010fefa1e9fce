export const ROUTING_CATEGORIES = [
  'FAST_RESPONSE',
  'BALANCED',
  'EXTENDED_REASONING',
  'CODE_GENERATION',
  'MULTIMODAL',
  'LONG_CONTEXT',
  'REASONING',
  'CREATIVE_WRITING',
  'DATA_ANALYSIS',
] as const;

/** What kind of answer a call is after; decides the order of candidates under `auto`. */
export type RoutingCategory = (typeof ROUTING_CATEGORIES)[number];
