import { type Principal } from '#libs/auth';
import { type ToolCall } from '#libs/tools';

/** What belongs to one MCP session, socket or stateless request: who calls, and what its end means. */
export interface McpConnection {
  readonly id: string;
  readonly principal: Principal;
  readonly transport: ToolCall['transport'];
  /** Whether the end of this connection, as things stand, cancels the calls that wait on it. */
  endCancels(): boolean;
  /** False while the peer does not read: droppable messages are then dropped. */
  isWritable(): boolean;
}
