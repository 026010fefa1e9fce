import { z } from 'zod';
import { panelFields, stepFields } from '../fields.js';

const engineFields = z.object({ ...stepFields, ...panelFields });

export type ConsensusArguments = z.output<typeof engineFields>;
export type WantedModel = NonNullable<ConsensusArguments['models']>[number];

/** The arguments of a step, which the tool's own schema has accepted before. */
export function readArguments(args: Readonly<Record<string, unknown>>): ConsensusArguments {
  return engineFields.parse(args);
}
