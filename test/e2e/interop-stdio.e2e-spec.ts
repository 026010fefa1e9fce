import { interopSuite } from '../interop/interop-suite.js';

interopSuite(['stdio', 'mcp-remote']);
