import { type RouteDecision } from '#libs/providers';

/** Rejected models worth showing; with all vendors configured there are hundreds. */
const SHOWN_REJECTIONS = 10;

/** The decision as logs and callers get it. */
export function routeFields({ trace }: RouteDecision, requested: string) {
  return { ...trace, requested, rejected: trace.rejected.slice(0, SHOWN_REJECTIONS) };
}
