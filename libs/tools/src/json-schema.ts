/** A JSON Schema 2020-12 document with an object at its root. */
export type JsonSchema = Readonly<{ type: 'object' } & Record<string, unknown>>;
