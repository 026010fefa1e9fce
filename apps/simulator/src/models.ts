export const SIMULATOR_MODEL = 'simulator-1';

// The fields of both dialects: OpenAI's and Anthropic's model lists share the path.
export const MODEL_LIST = {
  object: 'list',
  data: [
    {
      id: SIMULATOR_MODEL,
      object: 'model',
      type: 'model',
      display_name: 'Simulator 1',
      created: 1_767_225_600,
      owned_by: 'simulator',
    },
  ],
  has_more: false,
} as const;
