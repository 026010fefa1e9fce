import { type Principal } from '#libs/auth';
import { type ToolCall } from '#libs/tools';
import { type Transport } from '@modelcontextprotocol/server';
import { type ChangeSubscription } from './changes/change-subscription.js';

/** What belongs to one MCP session, socket or stateless request: who calls, and what its end means. */
export interface McpConnection {
  readonly id: string;
  readonly principal: Principal;
  readonly transport: ToolCall['transport'];
  /** News that the server sends by itself; absent on a connection that lasts for one request. */
  readonly subscription?: ChangeSubscription;
  /** Whether the end of this connection, as things stand, cancels the calls that wait on it. */
  endCancels(): boolean;
  /** What stands between the server and its transport; absent where nothing does. */
  through?(transport: Transport): Transport;
}
