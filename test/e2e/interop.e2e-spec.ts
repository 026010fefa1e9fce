import { interopSuite } from '../interop/interop-suite.js';

interopSuite(['http', 'websocket']);
